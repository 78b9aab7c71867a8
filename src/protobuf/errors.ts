/**
 * The only thing that decoding and JSON reading throw: the input is not the message. What to tell the sender.
 */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  /** Where in the message, in proto field names, e.g. `postbox.posts[0].postmark.sender`; empty for the message itself. */
  readonly path: string;
  /** What is wrong there, without the path, e.g. `missing`. */
  readonly reason: string;

  constructor(reason: string, path = '') {
    super(path === '' ? reason : `${path}: ${reason}`);
    this.reason = reason;
    this.path = path;
  }
}

/**
 * Thrown by encoding and JSON writing: the message that this program made is not one, e.g. a required field is unset.
 * A defect of the caller, never the fault of a peer.
 */
export class EncodeError extends Error {
  override readonly name = 'EncodeError';
}

/** The error as seen from one level further out; anything but a DecodeError is handed back as it is. */
export function within(segment: string, error: unknown): unknown {
  if (!(error instanceof DecodeError)) return error;
  const separator = error.path === '' || error.path.startsWith('[') ? '' : '.';
  return new DecodeError(error.reason, segment + separator + error.path);
}
