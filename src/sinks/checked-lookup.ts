/**
 * Name resolution that hands out nothing but addresses that may be reached. A socket connects to what its `lookup` answered and asks nobody again, so
 * that a name that is answered otherwise a moment later changes nothing (DNS rebinding).
 */
import { lookup } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** Gives all addresses of a host name, or says why there are none. */
export type Resolve = (
  host: string,
  done: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

export const resolveName: Resolve = (host, done) => lookup(host, { all: true }, done);

/** No address of the name may be reached. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/** `refusal`: why an address may not be reached, or undefined. */
export function createCheckedLookup(resolve: Resolve, refusal: (address: string) => string | undefined): LookupFunction {
  return (host, options, done) => {
    resolve(host, (error, found) => {
      if (error !== null) return done(error, []);
      const permitted = found.filter(({ address }) => refusal(address) === undefined);
      const [first] = permitted;
      if (first === undefined) return done(refused(found, refusal), []);
      return options.all === true ? done(null, permitted) : done(null, first.address, first.family);
    });
  };
}

function refused([first]: readonly LookupAddress[], refusal: (address: string) => string | undefined): AddressRefused {
  return new AddressRefused(`its name leads to ${first === undefined ? 'no address' : refusal(first.address)}`);
}
