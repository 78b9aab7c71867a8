/** The proto files that reflection may show, by what clients ask for. */
import { toBinary } from '@bufbuild/protobuf';
import type { DescEnum, DescExtension, DescFile, DescMessage, DescService } from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/** Files are answered as serialized FileDescriptorProto: the one asked for first, then everything it imports. Undefined: not found. */
export interface SchemaIndex {
  /** Adds a file and what it imports. */
  add(file: DescFile): void;
  /** By the name in import statements, e.g. `grpc/health/v1/health.proto`. */
  fileByName(name: string): Uint8Array[] | undefined;
  /** By the full name of anything a file declares. */
  fileOfSymbol(symbol: string): Uint8Array[] | undefined;
  fileOfExtension(extendee: string, number: number): Uint8Array[] | undefined;
  /** Undefined when the message type is not known; empty when nothing extends it. */
  extensionNumbers(extendee: string): number[] | undefined;
}

export function createSchemaIndex(): SchemaIndex {
  const files = new Map<string, DescFile>();
  const symbols = new Map<string, DescFile>();
  /** Extendee to number to the file that extends it. */
  const extensions = new Map<string, Map<number, DescFile>>();
  const encoded = new Map<DescFile, Uint8Array[]>();

  const add = (file: DescFile): void => {
    if (files.has(file.proto.name)) return;
    files.set(file.proto.name, file);
    for (const type of nestedTypes(file)) {
      for (const symbol of symbolsOf(type)) symbols.set(symbol, file);
      if (type.kind === 'message' && !extensions.has(type.typeName)) extensions.set(type.typeName, new Map());
      if (type.kind === 'extension') {
        const numbers = extensions.get(type.extendee.typeName) ?? new Map<number, DescFile>();
        extensions.set(type.extendee.typeName, numbers.set(type.number, file));
      }
    }
    for (const imported of file.dependencies) add(imported);
  };

  const encode = (file: DescFile | undefined): Uint8Array[] | undefined => {
    if (file === undefined) return undefined;
    let bytes = encoded.get(file);
    if (bytes === undefined) {
      bytes = [...withImports(file)].map((each) => toBinary(FileDescriptorProtoSchema, each.proto));
      encoded.set(file, bytes);
    }
    return bytes;
  };

  return {
    add,
    fileByName: (name) => encode(files.get(name)),
    fileOfSymbol: (symbol) => encode(symbols.get(symbol)),
    fileOfExtension: (extendee, number) => encode(extensions.get(extendee)?.get(number)),
    extensionNumbers(extendee) {
      const numbers = extensions.get(extendee);
      return numbers === undefined ? undefined : [...numbers.keys()];
    },
  };
}

function withImports(file: DescFile, found = new Set<DescFile>()): Set<DescFile> {
  found.add(file);
  for (const imported of file.dependencies) {
    if (!found.has(imported)) withImports(imported, found);
  }
  return found;
}

/** The full names a declaration brings: its own and its parts'. Enum values live beside their enum, not in it. */
function symbolsOf(type: DescMessage | DescEnum | DescExtension | DescService): string[] {
  const { typeName } = type;
  switch (type.kind) {
    case 'message':
      return [typeName, ...[...type.fields, ...type.oneofs].map((part) => `${typeName}.${part.name}`)];
    case 'service':
      return [typeName, ...type.methods.map((method) => `${typeName}.${method.name}`)];
    case 'enum': {
      const scope = typeName.slice(0, -type.name.length);
      return [typeName, ...type.values.map((value) => scope + value.name)];
    }
    default:
      return [typeName];
  }
}
