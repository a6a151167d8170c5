// SPDX-License-Identifier: Apache-2.0
/**
 * The kernel log, for what no hook can tell: Intel's IOMMU driver reports which
 * device's DMA it refused only there (dmar_fault_do_one() is inlined). Read without
 * blocking, from where the log ends now.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs';

export interface IommuFault {
  /** Its driver tells of it by the tracepoint io_page_fault too. */
  readonly traced: boolean;
  readonly bdf: string;
  readonly iova: bigint;
  readonly write: boolean;
  readonly reason: number;
}

/** One record of /dev/kmsg: "priority,sequence,µs,flags;text"; its clock is not CLOCK_MONOTONIC. */
const RECORD = /^\d+,\d+,\d+,[^;]*;(.*)/;
/** drivers/iommu/intel/dmar.c: the domain is printed without its 0000. */
const INTEL =
  /DMAR: \[(?:DMA|INTR-REMAP)? ?(Read|Write)[^\]]*\] Request device \[(?:([0-9a-f]{4}):)?([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\] fault addr (?:0x)?([0-9a-f]+).*fault reason (?:0x)?([0-9a-f]+)/;
/** drivers/iommu/amd/iommu.c */
const AMD =
  /AMD-Vi: Event logged \[IO_PAGE_FAULT device=(?:([0-9a-f]{4}):)?([0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) domain=\S+ address=0x([0-9a-f]+) flags=0x([0-9a-f]+)/;
/** flags of an AMD page fault: bit 5 is RW. */
const AMD_WRITE = 0x20;
/** Bit 3 is I: an interrupt was refused, of which no tracepoint tells. */
const AMD_INTERRUPT = 0x8;

/** The fault that one log record tells of, or undefined. */
export function parseFault(record: string): IommuFault | undefined {
  const text = RECORD.exec(record)?.[1];
  if (!text) return undefined;
  const intel = INTEL.exec(text);
  if (intel) {
    const [, op, domain, bdf, address, reason] = intel;
    return {
      traced: false,
      bdf: `${domain ?? '0000'}:${bdf}`,
      iova: BigInt(`0x${address}`),
      write: op === 'Write',
      reason: Number.parseInt(reason ?? '0', 16),
    };
  }
  const amd = AMD.exec(text);
  if (!amd) return undefined;
  const flags = Number.parseInt(amd[4] ?? '0', 16);
  return {
    traced: (flags & AMD_INTERRUPT) === 0,
    bdf: `${amd[1] ?? '0000'}:${amd[2]}`,
    iova: BigInt(`0x${amd[3]}`),
    write: (flags & AMD_WRITE) !== 0,
    reason: flags,
  };
}

const MAX_RECORD = 8192;
/** So that a flood in the log cannot hold up the drain. */
const MAX_READS = 64;

export class KernelLog {
  private readonly fd: number;
  private readonly buf = Buffer.alloc(MAX_RECORD);

  /** Throws where the log may not be read (CAP_SYSLOG). */
  constructor() {
    this.fd = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK);
    // Opened at its oldest record: what was logged before us is not ours.
    for (let n = this.read(); n !== undefined; n = this.read());
  }

  /** Faults logged since the last call. */
  faults(): IommuFault[] {
    const found: IommuFault[] = [];
    for (let i = 0; i < MAX_READS; i++) {
      const record = this.read();
      if (record === undefined) break;
      const fault = parseFault(record);
      if (fault) found.push(fault);
    }
    return found;
  }

  close(): void {
    closeSync(this.fd);
  }

  private read(): string | undefined {
    try {
      return this.buf.toString('utf8', 0, readSync(this.fd, this.buf));
    } catch (err) {
      // EPIPE: records were overwritten before we came; the next read goes on after them.
      return (err as NodeJS.ErrnoException).code === 'EPIPE' ? '' : undefined;
    }
  }
}
