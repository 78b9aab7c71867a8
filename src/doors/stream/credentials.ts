/** Where clients of this family put their token (wire.md section 1): as on every door over HTTP, and in gRPC metadata. */
import type { GrpcMetadata } from '../../grpc/index.ts';
import { bearer, single } from '../credentials.ts';
import type { Credentials } from '../credentials.ts';

export { fromHttp, identify, identifyServer } from '../credentials.ts';
export type { Credentials } from '../credentials.ts';

export function fromMetadata(metadata: GrpcMetadata): Credentials {
  const token =
    single(metadata.get('token')) ??
    bearer(metadata.get('authorization')) ??
    single(metadata.get('grpc-metadata-token')) ??
    single(metadata.get('appootb-token'));
  return token === undefined ? {} : { token };
}
