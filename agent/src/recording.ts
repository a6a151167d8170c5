// SPDX-License-Identifier: Apache-2.0
/** What `run` and `record` write to disk beside the violations: the trace, and captures of what was found. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CapturePolicy, limitsText } from './capture_policy.js';
import type { FlightConfig, TraceConfig } from './config.js';
import { clockError } from './kernel/clock_error.js';
import type { Log } from './log.js';
import { snapshot } from './model/snapshot.js';
import type { World } from './model/world.js';
import type { Violation } from './rules/finding.js';
import { FlightRecorder } from './trace/flight_recorder.js';
import { metadataText } from './trace/metadata.js';
import { TraceWriter, traceName } from './trace/trace_writer.js';
import { WriterThread } from './trace/writer_thread.js';
import { originHere, RECORD_FORMAT } from './trace_format.js';
import { TSDL_EVENTS } from './wire/tsdl.gen.js';

const SECOND = 1_000_000_000n;

export interface RecordingConfig {
  readonly trace: TraceConfig;
  readonly flight: FlightConfig;
}

/** Says once that events are missing, and once that they no longer are. */
function troubles(log: Log, dir: string) {
  let inTrouble = false;
  return {
    onTrouble: (error: string) => {
      const what = 'trace cannot be written; watching goes on, events are missing in it';
      if (!inTrouble) log('error', what, { dir, error });
      inTrouble = true;
    },
    onRelief: () => {
      if (inTrouble) log('info', 'trace is written again', { dir });
      inTrouble = false;
    },
  };
}

export class Recording {
  /** The folder of the trace. */
  folder: string | undefined;
  private writer: TraceWriter | undefined;
  private flight: FlightRecorder | undefined;
  private readonly threads: WriterThread[] = [];

  private constructor(
    private readonly config: RecordingConfig,
    private readonly captures: CapturePolicy,
    private readonly world: World,
    private readonly log: Log,
  ) {}

  /** Undefined if nothing is to be written; rejects, in words for the operator, if it cannot be. */
  static async open(
    config: RecordingConfig,
    captures: CapturePolicy,
    world: World,
    probes: readonly string[],
    log: Log,
  ): Promise<Recording | undefined> {
    const { trace, flight } = config;
    if (trace.dir === undefined && flight.dir === undefined) return undefined;
    const recording = new Recording(config, captures, world, log);
    const limits = flight.dir === undefined ? {} : { flight: limitsText(flight) };
    const origin = originHere(probes, limits, clockError());
    try {
      const threads = new Map<string, WriterThread>();
      const threadOf = async (flag: string, dir: string) => {
        const thread = threads.get(dir) ?? (await recording.thread(flag, dir));
        threads.set(dir, thread);
        return thread;
      };
      if (trace.dir !== undefined)
        await recording.record(await threadOf('trace.dir', trace.dir), trace.dir, origin);
      if (flight.dir !== undefined) recording.fly(await threadOf('flight.dir', flight.dir), origin);
      return recording;
    } catch (err) {
      await recording.close();
      throw err;
    }
  }

  /** For the metrics. */
  get sinks(): readonly (TraceWriter | FlightRecorder)[] {
    return [this.writer, this.flight].filter((sink) => sink !== undefined);
  }

  /** To be called before the batch is judged. */
  write(batch: Uint8Array): void {
    this.writer?.write(batch);
    this.flight?.write(batch);
  }

  /** The name of the capture that shows the finding, if there is one. */
  capture(v: Violation): string | undefined {
    const capture = this.captures.of(v);
    if (capture) this.flight?.save(capture.id, capture.until);
    return capture?.id;
  }

  /** On disk when it resolves. */
  async close(): Promise<void> {
    this.writer?.close();
    this.flight?.close();
    for (const thread of this.threads) await thread.close();
  }

  private async thread(flag: string, dir: string): Promise<WriterThread> {
    await mkdir(dir, { recursive: true, mode: 0o700 }).catch((err: Error) => {
      throw new Error(`--${flag}=${dir}: cannot be made: ${err.message}`);
    });
    const thread = new WriterThread({ dir, limits: this.config.trace, format: RECORD_FORMAT });
    this.threads.push(thread);
    return thread;
  }

  private async record(
    thread: WriterThread,
    dir: string,
    origin: ReturnType<typeof originHere>,
  ): Promise<void> {
    const name = traceName(process.pid, new Date());
    const options = {
      ...this.config.trace,
      ...troubles(this.log, dir),
      format: RECORD_FORMAT,
      snapshot: () => snapshot(this.world),
      now: Date.now,
    };
    this.writer = await TraceWriter.create(thread, name, origin, TSDL_EVENTS, options).catch((err: Error) => {
      throw new Error(`--trace.dir=${dir}: no trace can be written there: ${err.message}`);
    });
    this.folder = join(dir, name);
  }

  private fly(thread: WriterThread, origin: ReturnType<typeof originHere>): void {
    const { memoryBytes, pre } = this.config.flight;
    this.flight = new FlightRecorder(thread, {
      memoryBytes,
      preRoll: BigInt(pre) * SECOND,
      format: RECORD_FORMAT,
      snapshot: () => snapshot(this.world),
      metadata: (uuid) => metadataText({ ...origin, uuid }, TSDL_EVENTS),
      onTrouble: (capture, error) => this.log('error', 'capture cannot be written', { capture, error }),
      now: () => performance.now(),
    });
  }
}
