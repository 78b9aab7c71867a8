/**
 * grpc.reflection.v1.ServerReflection and its older name v1alpha, whose messages have the same bytes: how tools such as
 * `buf curl` learn what a server offers. Source: the gRPC document "GRPC Server Reflection Protocol".
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { DescService, MessageInitShape } from '@bufbuild/protobuf';
import {
  ServerReflection,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
  ServerReflectionV1Alpha,
} from '../protobuf/index.ts';
import type { GrpcStreamCall, GrpcStreamHandler, GrpcStreamMethod } from './method.ts';
import { createSchemaIndex } from './schema-index.ts';
import type { SchemaIndex } from './schema-index.ts';
import type { GrpcServer } from './server.ts';
import { GrpcError, GrpcStatus } from './status.ts';

export interface GrpcReflection {
  /** Makes a service, its file and everything that file imports visible to reflection clients. */
  registerService(service: DescService): void;
}

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>['messageResponse']>;

/** Registers both reflection services on a server, and shows both. */
export function registerReflection(server: GrpcServer): GrpcReflection {
  const services = new Set<string>();
  const schema = createSchemaIndex();
  const method: GrpcStreamMethod = {
    kind: 'stream',
    open: (call) => createReflectionCall(call, (request) => answer(request, services, schema)),
  };
  const registerService = (service: DescService): void => {
    services.add(service.typeName);
    schema.add(service.file);
  };
  for (const service of [ServerReflection, ServerReflectionV1Alpha]) {
    server.register(`/${service.typeName}/ServerReflectionInfo`, method);
    registerService(service);
  }
  return { registerService };
}

/** Questions are taken no faster than their answers are read. */
function createReflectionCall(call: GrpcStreamCall, respond: (request: Buffer) => Uint8Array): GrpcStreamHandler {
  call.onDrain(() => call.resume());
  return {
    message(bytes) {
      if (!call.write(respond(bytes))) call.pause();
    },
    halfClose: () => call.end(),
    closed() {},
  };
}

function answer(bytes: Buffer, services: ReadonlySet<string>, schema: SchemaIndex): Uint8Array {
  const request = readRequest(bytes);
  const { messageRequest: asked } = request;
  const respond = (messageResponse: Answer): Uint8Array =>
    toBinary(
      ServerReflectionResponseSchema,
      create(ServerReflectionResponseSchema, { validHost: request.host, originalRequest: request, messageResponse }),
    );
  switch (asked.case) {
    case 'listServices': {
      const service = [...services].toSorted().map((name) => ({ name }));
      return respond({ case: 'listServicesResponse', value: { service } });
    }
    case 'fileByFilename':
      return respond(fileAnswer(schema.fileByName(asked.value)));
    case 'fileContainingSymbol':
      return respond(fileAnswer(schema.fileOfSymbol(asked.value)));
    case 'fileContainingExtension':
      return respond(fileAnswer(schema.fileOfExtension(asked.value.containingType, asked.value.extensionNumber)));
    case 'allExtensionNumbersOfType': {
      const extensionNumber = schema.extensionNumbers(asked.value);
      if (extensionNumber === undefined) return respond(errorAnswer(GrpcStatus.NOT_FOUND, 'not found'));
      return respond({ case: 'allExtensionNumbersResponse', value: { baseTypeName: asked.value, extensionNumber } });
    }
    default:
      return respond(errorAnswer(GrpcStatus.INVALID_ARGUMENT, 'nothing was asked'));
  }
}

function readRequest(bytes: Buffer) {
  try {
    return fromBinary(ServerReflectionRequestSchema, bytes);
  } catch {
    throw new GrpcError(GrpcStatus.INVALID_ARGUMENT, 'not a ServerReflectionRequest');
  }
}

function fileAnswer(files: Uint8Array[] | undefined): Answer {
  if (files === undefined) return errorAnswer(GrpcStatus.NOT_FOUND, 'not found');
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto: files } };
}

function errorAnswer(errorCode: number, errorMessage: string): Answer {
  return { case: 'errorResponse', value: { errorCode, errorMessage } };
}
