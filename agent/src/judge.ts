// SPDX-License-Identifier: Apache-2.0
/** Runs batches of records through the engine: the same for live, replayed and hand-written input. */
import './inlining.js';
import { type Observer, World } from './model/world.js';
import { Engine, type EngineOptions } from './rules/engine.js';
import { Cursor } from './wire/cursor.js';
import { Decoder, type KernelEvent } from './wire/events.gen.js';

/** Of the header, its time. */
const TIME_BYTES = 8;

export class Judge {
  readonly world: World;
  readonly engine: Engine;
  readonly decoder = new Decoder(new Cursor());
  private started = false;
  /** Bytes that were no record of a known kind; the rest of their batch is skipped with them. */
  undecodable = 0;
  events = 0;

  constructor(options: EngineOptions, observer: Observer) {
    this.world = new World(observer);
    this.engine = new Engine(this.world, options);
  }

  /** `each`, if given, sees every event before it is judged; `after` sees it when it has been folded. */
  feed(batch: Uint8Array, each?: (e: KernelEvent) => void, after?: (e: KernelEvent) => void): void {
    const { cursor } = this.decoder;
    cursor.reset(batch);
    if (!this.started && cursor.remaining >= TIME_BYTES) {
      this.started = true;
      cursor.base = this.world.base = cursor.big(0);
    }
    this.world.batchBegins(this.decoder);
    while (cursor.remaining > 0) {
      const e = this.decoder.current();
      if (!e) {
        this.undecodable += cursor.remaining;
        break;
      }
      each?.(e);
      this.engine.step(e, this.decoder);
      after?.(e);
      this.events++;
      this.decoder.advance();
    }
    this.world.batchEnds();
  }

  /** There are no more records: findings that waited for an explanation are reported. */
  finish(): void {
    this.engine.finish();
  }
}
