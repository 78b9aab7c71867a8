/** An operator on the broadcast: hears what happens in all chats of the operator's widgets, and says nothing. */
import type { Delivery, Frame, Sources } from '../../core/index.ts';
import { isBlank } from '../websocket-server.ts';
import { SupportConnection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';
import type { Frames } from './frames.ts';
import { invalid } from './parse.ts';

export class BroadcastConnection extends SupportConnection {
  readonly #frames: Frames;

  constructor(options: ConnectionOptions & { readonly frames: Frames }) {
    super(options);
    this.#frames = options.frames;
  }

  deliver(delivery: Delivery, frame: Frame): void {
    if (delivery.type === 'desk' && delivery.news.kind === 'unread') {
      const sources = this.#sources();
      if (sources !== 'all') {
        this.outbox.push(this.#frames.unread(delivery.news.bySource, sources));
        return;
      }
    }
    this.outbox.push(frame);
  }

  receive(bytes: Buffer, isBinary: boolean): void {
    if (this.ended || (!isBinary && isBlank(bytes))) return;
    this.fail(invalid('the broadcast takes no frames'));
  }

  #sources(): Sources {
    return this.chat.core.hub.attendanceOf(this)?.sources ?? [];
  }
}
