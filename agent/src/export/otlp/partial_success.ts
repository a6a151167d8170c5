// SPDX-License-Identifier: Apache-2.0
/** What a collector took and rejects all the same: the answers for logs and for traces have it under the same numbers. */

export interface PartialSuccess {
  /** Items. */
  readonly rejected: number;
  /** The collector's own words; it may warn although nothing is rejected. */
  readonly message: string;
}

const NOTHING: PartialSuccess = { rejected: 0, message: '' };
const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5];
/** Field numbers of Export…ServiceResponse, and of the message in it. */
const [PARTIAL_SUCCESS, REJECTED, MESSAGE] = [1, 1, 2];

type Fields = Map<number, number | Uint8Array>;

/** The fields of a message, the last of each number; throws RangeError where it is cut or no message. */
function fields(bytes: Uint8Array): Fields {
  const found: Fields = new Map();
  let at = 0;
  const varint = () => {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || scale > 2 ** 63) throw new RangeError('varint');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (length: number) => {
    at += length;
    if (at > bytes.length) throw new RangeError('length');
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    if (wire === VARINT) found.set(field, varint());
    else if (wire === BYTES) found.set(field, take(varint()));
    else if (wire === FIXED64) take(8);
    else if (wire === FIXED32) take(4);
    else throw new RangeError('wire type');
  }
  return found;
}

/** Of an answer's body; one that says nothing, or is not understood, rejects nothing. */
export function partialSuccess(body: Uint8Array): PartialSuccess {
  try {
    const partial = fields(body).get(PARTIAL_SUCCESS);
    if (!(partial instanceof Uint8Array)) return NOTHING;
    const said = fields(partial);
    const [rejected, message] = [said.get(REJECTED), said.get(MESSAGE)];
    return {
      rejected: typeof rejected === 'number' ? rejected : 0,
      message: message instanceof Uint8Array ? Buffer.from(message).toString('utf8') : '',
    };
  } catch {
    return NOTHING;
  }
}
