/**
 * Links to files of ours: good for a while, for whoever has one. A door writes them into what it tells a client, so only those get one who
 * may see the message or picture; nobody can make one, or make one last longer.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { fileOf } from './file-address.ts';
import type { Id, Millis, Resource } from './model.ts';

export interface Links {
  /** What a client may follow, of an address as it is stored; an address elsewhere stays as it is. */
  show(address: string): string;
  /** When a link that is made now ends. */
  end(): Millis;
  /** The same of a resource that is a file of ours: itself and its preview. */
  resource(resource: Resource): Resource;
  /** The stored form of what a client gave: a link of ours without its signature and origin; anything else as it is. */
  strip(link: string): string;
  /** Whether a signature and its end belong to this file and are still good. */
  isGood(file: Id, expires: string, signature: string): boolean;
}

/** Links made in the same quarter of the lifetime end at the same time, so that browsers and proxies may keep what they have fetched. */
const STEPS = 4;

export function createLinks(deps: {
  /** Signs; whoever has it can open every file. */
  readonly secret: string;
  /** How long a link is good at least; a quarter longer at the most. */
  readonly lifetime: Millis;
  /** Put before every link: where clients reach this server, without a slash at the end. Empty: links are paths. */
  readonly origin: string;
  readonly now: () => Millis;
}): Links {
  const { secret, lifetime, origin, now } = deps;
  // An end is told in whole seconds.
  const step = Math.max(1, Math.floor(lifetime / STEPS / 1000)) * 1000;

  function sign(file: Id, expires: string): string {
    return createHmac('sha256', secret).update(`file\0${file}\0${expires}`).digest('base64url');
  }

  function end(): Millis {
    return Math.ceil((now() + lifetime) / step) * step;
  }

  function show(address: string): string {
    const file = fileOf(address);
    if (file === undefined) return address;
    const expires = String(end() / 1000);
    const mark = address.includes('?') ? '&' : '?';
    return `${origin}${address}${mark}exp=${expires}&sig=${sign(file, expires)}`;
  }

  return {
    show,
    end,
    resource(resource) {
      const { url, thumbnail, file } = resource;
      // Only what the core has made this message's file: an address that merely looks like one is not signed.
      if (file === undefined) return resource;
      const own = (address: string): string => (fileOf(address) === file ? show(address) : address);
      return { ...resource, url: own(url), ...(thumbnail !== undefined && { thumbnail: own(thumbnail) }) };
    },
    strip(link) {
      const path = pathOf(link);
      const file = fileOf(path);
      if (file === undefined) return link;
      const [address = '', query = ''] = path.split('?', 2);
      const kept = new URLSearchParams(query);
      // Under another origin than ours it is ours only if we made it: clients complete a path with the host they talk to.
      if (path !== link && !isOurs(link) && !isSigned(file, kept.get('exp') ?? '', kept.get('sig') ?? '')) return link;
      kept.delete('exp');
      kept.delete('sig');
      return kept.size === 0 ? address : `${address}?${kept.toString()}`;
    },
    isGood: (file, expires, signature) =>
      /^[0-9]{1,12}$/.test(expires) && Number(expires) * 1000 > now() && isSigned(file, expires, signature),
  };

  function isOurs(link: string): boolean {
    return origin !== '' && link.startsWith(`${origin}/`);
  }

  /** What follows the origin of an address on the web. */
  function pathOf(link: string): string {
    if (isOurs(link)) return link.slice(origin.length);
    return /^https?:\/\/[^/]+(\/.*)$/.exec(link)?.[1] ?? link;
  }

  function isSigned(file: Id, expires: string, signature: string): boolean {
    const wanted = Buffer.from(sign(file, expires));
    const given = Buffer.from(signature);
    return wanted.length === given.length && timingSafeEqual(wanted, given);
  }
}
