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
  /** The same of a resource: its file and its preview. */
  resource(resource: Resource): Resource;
  /** The stored form of what a client gave: a link of ours without its signature and origin; anything else as it is. */
  strip(link: string): string;
  /** Whether a signature and its end belong to this file and are still good. */
  isGood(file: Id, expires: string, signature: string): boolean;
}

/** Links of the same hour end at the same time, so that browsers and proxies may keep what they have fetched. */
const STEP: Millis = 3_600_000;

export function createLinks(deps: {
  /** Signs; whoever has it can open every file. */
  readonly secret: string;
  /** How long a link is good at least. */
  readonly lifetime: Millis;
  /** Put before every link: where clients reach this server, without a slash at the end. Empty: links are paths. */
  readonly origin: string;
  readonly now: () => Millis;
}): Links {
  const { secret, lifetime, origin, now } = deps;

  function sign(file: Id, expires: string): string {
    return createHmac('sha256', secret).update(`file\0${file}\0${expires}`).digest('base64url');
  }

  function end(): Millis {
    return Math.ceil((now() + lifetime) / STEP) * STEP;
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
      const { url, thumbnail } = resource;
      return { ...resource, url: show(url), ...(thumbnail !== undefined && { thumbnail: show(thumbnail) }) };
    },
    strip(link) {
      const path = origin !== '' && link.startsWith(`${origin}/`) ? link.slice(origin.length) : link;
      if (fileOf(path) === undefined) return link;
      const [address = '', query = ''] = path.split('?', 2);
      const kept = new URLSearchParams(query);
      kept.delete('exp');
      kept.delete('sig');
      return kept.size === 0 ? address : `${address}?${kept.toString()}`;
    },
    isGood(file, expires, signature) {
      if (!/^[0-9]{1,12}$/.test(expires) || Number(expires) * 1000 <= now()) return false;
      const wanted = Buffer.from(sign(file, expires));
      const given = Buffer.from(signature);
      return wanted.length === given.length && timingSafeEqual(wanted, given);
    },
  };
}
