// SPDX-License-Identifier: Apache-2.0
/** The only file, but for sd_notify.ts and clock_error.ts, that knows of ffi. Bytes and integers cross, nothing else; see probes/shim.h. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ffi from 'ffi-napi';
import type { Pointer } from 'ref-napi';
import { ShimError } from './shim_error.js';

export interface Drained {
  /** Bytes of whole records now in the buffer. */
  readonly length: number;
  /** CLOCK_MONOTONIC ns; all that was made before has been delivered. */
  readonly horizon: bigint;
  readonly modulesChanged: boolean;
}

/** Per ring, since open. */
export interface RingStats {
  readonly made: number[];
  readonly lost: number[];
  readonly received: number[];
}

export interface ProbeState {
  readonly name: string;
  readonly kind: string;
  readonly status: 'attached' | 'waiting' | 'unavailable' | 'detached' | 'ready' | 'unknown';
  readonly required: boolean;
  readonly module: string;
  /** Why it is not attached; empty if it is. */
  readonly reason: string;
}

/** What the kernel side is made of; see struct mw_config. */
export interface KernelLimits {
  readonly critBytes: number;
  readonly bulkBytes: number;
  /** Events of a kind, device and state that are recorded each; later ones are counted. */
  readonly perKind: number;
  readonly maxDevices: number;
  readonly maxSessions: number;
}

/** Kernel memory of one map, bytes. */
export interface MapMemory {
  readonly name: string;
  readonly bytes: number;
}

const RINGS = 2;
const U64 = 8;
const DRAINED_BYTES = 16;
const TEXT_BYTES = 64 << 10;

/** What a call in a thread ends with; `result` as in shim.h. */
type Done = (err: unknown, result: number) => void;

/** A Buffer is what ffi-napi passes as a pointer; its types want the name. */
const pointer = (b: Buffer) => b as unknown as Pointer<unknown>;

/** Beside the bundle, as built and as installed; three folders up from the unbundled file, as tests load it. */
function libraryPath(): string {
  const found = ['../libmigwatch.so', '../../../libmigwatch.so']
    .map((p) => fileURLToPath(new URL(p, import.meta.url)))
    .find((p) => existsSync(p));
  if (!found) throw new ShimError('load', 0, 'libmigwatch.so is not built; run `make build`');
  return found;
}

function load(path: string) {
  return ffi.Library(path, {
    mw_abi: ['int', []],
    mw_record_size: ['int', ['uint32']],
    mw_open: ['int', ['pointer']],
    mw_attach: ['int', []],
    mw_inventory: ['int', []],
    mw_detach: ['int', []],
    mw_on_need: ['int', []],
    mw_bell: ['int', ['pointer']],
    mw_drain: ['int', ['pointer', 'uint32', 'int', 'pointer']],
    mw_wake: ['int', []],
    mw_tell: ['int', []],
    mw_stats: ['int', ['pointer']],
    mw_maps: ['int', ['pointer', 'uint32']],
    mw_probes: ['int', ['pointer', 'uint32']],
    mw_why: ['string', []],
    mw_close: ['int', []],
  });
}

/** libmigwatch.so, checked against the decoder that will read its records. */
export class Shim {
  private readonly lib;
  private readonly drained = Buffer.alloc(DRAINED_BYTES);
  private readonly rang = Buffer.alloc(U64);
  private readonly counters = Buffer.alloc(3 * RINGS * U64);

  /** Throws ShimError if the library is missing or speaks another wire. */
  constructor(abi: number, recordSizes: readonly (number | undefined)[], library = libraryPath()) {
    this.lib = load(library);
    const theirs = this.lib.mw_abi();
    if (theirs !== abi)
      throw new ShimError('load', 0, `libmigwatch.so has ABI ${theirs}, the agent ${abi}; rebuild`);
    recordSizes.forEach((size, tag) => {
      const has = this.lib.mw_record_size(tag);
      if (has !== (size ?? 0))
        throw new ShimError(
          'load',
          0,
          `record ${tag} has ${has} bytes in libmigwatch.so, ${size ?? 0} in the agent; rebuild`,
        );
    });
  }

  private check(operation: string, result: number): number {
    if (result >= 0) return result;
    throw new ShimError(operation, result, this.lib.mw_why() ?? '');
  }

  open({ critBytes, bulkBytes, perKind, maxDevices, maxSessions }: KernelLimits): void {
    const config = Buffer.from(Uint32Array.of(critBytes, bulkBytes, perKind, maxDevices, maxSessions).buffer);
    this.check('open', this.lib.mw_open(pointer(config)));
  }

  /**
   * In a thread of its own: the event loop goes on. Until it has settled only wake(), tell(), stats() and maps() may
   * be called; see shim.h.
   */
  private inThread(operation: string, start: (done: Done) => void): Promise<number> {
    return new Promise((resolve, reject) => {
      start((err, result) => {
        if (err) return reject(err);
        if (result < 0) return reject(new ShimError(operation, result, this.lib.mw_why() ?? ''));
        resolve(result);
      });
    });
  }

  /** Attaches what can be attached, which takes seconds on a slow machine; how many that was. */
  attach(): Promise<number> {
    return this.inThread('attach', (done) => this.lib.mw_attach.async(done));
  }

  /** Lets go of every probe; counters and what is in the rings stay. */
  detach(): Promise<number> {
    return this.inThread('detach', (done) => this.lib.mw_detach.async(done));
  }

  /** Has what is there already reported through the ring. */
  inventory(): Promise<number> {
    return this.inThread('inventory', (done) => this.lib.mw_inventory.async(done));
  }

  /** Attaches and lets go of the probes for halted devices; how many changed. */
  onNeed(): number {
    return this.check('on_need', this.lib.mw_on_need());
  }

  /** When (CLOCK_MONOTONIC ns) the first IOMMU fault interrupt since the last call began; 0n: there was none. */
  bell(): bigint {
    this.check('bell', this.lib.mw_bell(pointer(this.rang)));
    return this.rang.readBigUInt64LE(0);
  }

  /** Waits for records; `into` must not be touched meanwhile. */
  async drain(into: Buffer, timeoutMs: number): Promise<Drained> {
    const { lib, drained } = this;
    await this.inThread('drain', (done) =>
      lib.mw_drain.async(pointer(into), into.length, timeoutMs, pointer(drained), done),
    );
    return {
      horizon: drained.readBigUInt64LE(0),
      length: drained.readUInt32LE(8),
      modulesChanged: drained.readUInt32LE(12) !== 0,
    };
  }

  /** Ends a drain() in progress at once. */
  wake(): void {
    this.lib.mw_wake();
  }

  /** Has the probes make records of what they have only counted so far. */
  tell(): void {
    this.check('tell', this.lib.mw_tell());
  }

  stats(): RingStats {
    this.check('stats', this.lib.mw_stats(pointer(this.counters)));
    const ring = (group: number, i: number) =>
      Number(this.counters.readBigUInt64LE((group * RINGS + i) * U64));
    const group = (g: number) => Array.from({ length: RINGS }, (_, i) => ring(g, i));
    return { made: group(0), lost: group(1), received: group(2) };
  }

  probes(): ProbeState[] {
    return this.lines('probes', this.lib.mw_probes).map(parseProbe);
  }

  maps(): MapMemory[] {
    return this.lines('maps', this.lib.mw_maps).map((line) => {
      const [name = '', bytes] = line.split('\t');
      return { name, bytes: Number(bytes) };
    });
  }

  private lines(operation: string, write: (buf: Pointer<unknown>, length: number) => number): string[] {
    const buf = Buffer.alloc(TEXT_BYTES);
    const n = this.check(operation, write(pointer(buf), buf.length));
    return buf.toString('utf8', 0, n).trimEnd().split('\n');
  }

  close(): void {
    this.lib.mw_close();
  }
}

function parseProbe(line: string): ProbeState {
  const [name = '', kind = '', status = '', required = '', module = '', reason = ''] = line.split('\t');
  return {
    name,
    kind,
    status: status as ProbeState['status'],
    required: required === '1',
    module,
    reason,
  };
}
