/** The ways this door writes Streams. One object each for the whole door: sessions that share one share its frames. */
import type { Links } from '../../core/index.ts';
import { frameMessage } from '../../grpc/index.ts';
import { frameBinary, frameText } from '../websocket-frame.ts';
import { createStreamCodec } from './codec.ts';
import type { StreamCodec } from './codec.ts';
import { streamCodec } from './wire.ts';

export type StreamFormat = 'json' | 'json-names' | 'binary' | 'grpc';

export interface StreamCodecs {
  get(format: StreamFormat, extensions: boolean): StreamCodec;
}

export function createStreamCodecs({ links }: { links: Pick<Links, 'resource'> }): StreamCodecs {
  const frames: Readonly<Record<StreamFormat, Parameters<typeof createStreamCodec>[0]['frame']>> = {
    json: (stream) => frameText(streamCodec.toJson(stream)),
    'json-names': (stream) => frameText(streamCodec.toJson(stream, { enums: 'name' })),
    binary: (stream) => frameBinary(streamCodec.encode(stream)),
    grpc: (stream) => frameMessage(streamCodec.encode(stream)),
  };
  const codecs = new Map<string, StreamCodec>();
  return {
    get(format, extensions) {
      const name = extensions ? `${format}+extensions` : format;
      let codec = codecs.get(name);
      if (codec === undefined) {
        codec = createStreamCodec({ name, extensions, links, frame: frames[format] });
        codecs.set(name, codec);
      }
      return codec;
    },
  };
}
