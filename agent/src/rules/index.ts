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
import { ioeventfdWriteWhileHalted } from './ioeventfd-write-while-halted.js';
import { iommuFaultWhileHalted } from './iommu-fault-while-halted.js';
import { irqWhileHalted } from './irq-while-halted.js';
import { lowPowerDuringMigration } from './low-power-during-migration.js';
import { mmioAccessInP2pState } from './mmio-access-in-p2p-state.js';
import { mmioFaultWhileHalted } from './mmio-fault-while-halted.js';
import { mmioMappingLiveWhileHalted } from './mmio-mapping-live-while-halted.js';
import { mmioRwWhileHalted } from './mmio-rw-while-halted.js';
import { observabilityGap } from './observability-gap.js';
import { p2pMapTargetHalted } from './p2p-map-target-halted.js';
import { p2pWindowOpen } from './p2p-window-open.js';
import { precopyEosEncoding } from './precopy-eos-encoding.js';
import { precopyInfoWrongState } from './precopy-info-wrong-state.js';
import { precopyLeftEarly } from './precopy-left-early.js';
import { resetDuringMigration } from './reset-during-migration.js';
import { resumeLoadRejected } from './resume-load-rejected.js';
import { resumeWithoutData } from './resume-without-data.js';
import type { Rule } from './rule.js';
import { setIrqsInResuming } from './set-irqs-in-resuming.js';
import { setIrqsInStopCopy } from './set-irqs-in-stop-copy.js';
import { stopCopyNotDrained } from './stop-copy-not-drained.js';

export const RULES: readonly Rule[] = [
  mmioRwWhileHalted,
  mmioFaultWhileHalted,
  mmioMappingLiveWhileHalted,
  mmioAccessInP2pState,
  ioeventfdWriteWhileHalted,
  configWriteWhileHalted,
  setIrqsInResuming,
  setIrqsInStopCopy,
  irqWhileHalted,
  iommuFaultWhileHalted,
  p2pWindowOpen,
  p2pMapTargetHalted,
  dmaMapChangeInStopCopy,
  fsmArcRejected,
  fsmTransitionFailed,
  fsmLandedElsewhere,
  errorStateEntered,
  errorNotReset,
  resetDuringMigration,
  closeMidMigration,
  lowPowerDuringMigration,
  dataFdWrongState,
  stopCopyNotDrained,
  resumeLoadRejected,
  resumeWithoutData,
  precopyInfoWrongState,
  precopyLeftEarly,
  precopyEosEncoding,
  blackoutBudgetExceeded,
  observabilityGap,
];
