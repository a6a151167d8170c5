// SPDX-License-Identifier: Apache-2.0
/** The one list of rules. Its order is that of the documents and dashboards. */
import { blackoutBudgetExceeded } from './blackout-budget-exceeded.js';
import { closeMidMigration } from './close-mid-migration.js';
import { configWriteWhileHalted } from './config-write-while-halted.js';
import { dataFdWrongState } from './data-fd-wrong-state.js';
import { dmaMapChangeInStopCopy } from './dma-map-change-in-stop-copy.js';
import { errorNotReset } from './error-not-reset.js';
import { errorStateEntered } from './error-state-entered.js';
import { fsmArcRejected } from './fsm-arc-rejected.js';
import { fsmLandedElsewhere } from './fsm-landed-elsewhere.js';
import { fsmTransitionFailed } from './fsm-transition-failed.js';
import { mmioRwWhileHalted } from './mmio-rw-while-halted.js';
import { observabilityGap } from './observability-gap.js';
import { resetDuringMigration } from './reset-during-migration.js';
import { resumeLoadRejected } from './resume-load-rejected.js';
import { resumeWithoutData } from './resume-without-data.js';
import type { Rule } from './rule.js';
import { setIrqsInResuming } from './set-irqs-in-resuming.js';
import { setIrqsInStopCopy } from './set-irqs-in-stop-copy.js';
import { stopCopyNotDrained } from './stop-copy-not-drained.js';

export const RULES: readonly Rule[] = [
  mmioRwWhileHalted,
  configWriteWhileHalted,
  setIrqsInResuming,
  setIrqsInStopCopy,
  dmaMapChangeInStopCopy,
  fsmArcRejected,
  fsmTransitionFailed,
  fsmLandedElsewhere,
  errorStateEntered,
  errorNotReset,
  resetDuringMigration,
  closeMidMigration,
  dataFdWrongState,
  stopCopyNotDrained,
  resumeLoadRejected,
  resumeWithoutData,
  blackoutBudgetExceeded,
  observabilityGap,
];
