import { readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import type { FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/**
 * The schema of every proto file of this project and of what they import, with the comments (which the descriptors
 * inside the generated code lack). For server reflection: look up a file or symbol, answer with its `proto`.
 */
export function loadSchema(): FileRegistry {
  const bytes = readFileSync(new URL('./gen/descriptors.binpb', import.meta.url));
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
}
