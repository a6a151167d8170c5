// SPDX-License-Identifier: Apache-2.0
/** The one list of rules. Its order is that of the documents and dashboards. */
import { blackoutBudgetExceeded } from './blackout-budget-exceeded.js';
import { closeMidMigration } from './close-mid-migration.js';
import { configWriteWhileHalted } from './config-write-while-halted.js';
import { dataFdClosedEarly } from './data-fd-closed-early.js';
import { dataFdLeaked } from './data-fd-leaked.js';
import { dataFdWrongState } from './data-fd-wrong-state.js';
import { dataSessionKilled } from './data-session-killed.js';
import { dataSessionSuperseded } from './data-session-superseded.js';
import { dirtyNoFinalReport } from './dirty-no-final-report.js';
import { dirtyNotStopped } from './dirty-not-stopped.js';
import { dirtyRangeGap } from './dirty-range-gap.js';
import { dirtyReportError } from './dirty-report-error.js';
import { dirtyReportInactive } from './dirty-report-inactive.js';
import { dirtyStartTwice } from './dirty-start-twice.js';
import { dirtyTrackingAbsent } from './dirty-tracking-absent.js';
import { dmaDirtyWhileHalted } from './dma-dirty-while-halted.js';
import { dmaMapChangeInStopCopy } from './dma-map-change-in-stop-copy.js';
import { dmaUnmapDropsDirty } from './dma-unmap-drops-dirty.js';
import { errorNotReset } from './error-not-reset.js';
import { errorStateEntered } from './error-state-entered.js';
import { fsmArcRejected } from './fsm-arc-rejected.js';
import { fsmAsyncChange } from './fsm-async-change.js';
import { fsmBlockedArcSpin } from './fsm-blocked-arc-spin.js';
import { fsmFdNotDelivered } from './fsm-fd-not-delivered.js';
import { fsmLandedElsewhere } from './fsm-landed-elsewhere.js';
import { fsmTransitionFailed } from './fsm-transition-failed.js';
import { fsmTransitionStuck } from './fsm-transition-stuck.js';
import { hostErrorWhileHalted } from './host-error-while-halted.js';
import { hotResetCollateral } from './hot-reset-collateral.js';
import { ioasChangeWhileHalted } from './ioas-change-while-halted.js';
import { ioeventfdWriteWhileHalted } from './ioeventfd-write-while-halted.js';
import { iommuFaultWhileHalted } from './iommu-fault-while-halted.js';
import { irqWhileHalted } from './irq-while-halted.js';
import { irqsArmedAfterRunning } from './irqs-armed-after-running.js';
import { lowPowerDuringMigration } from './low-power-during-migration.js';
import { migFlagsInvalid } from './mig-flags-invalid.js';
import { mmioAccessInP2pState } from './mmio-access-in-p2p-state.js';
import { mmioFaultWhileHalted } from './mmio-fault-while-halted.js';
import { mmioMappingLiveWhileHalted } from './mmio-mapping-live-while-halted.js';
import { mmioRwWhileHalted } from './mmio-rw-while-halted.js';
import { noQuiescentState } from './no-quiescent-state.js';
import { observabilityGap } from './observability-gap.js';
import { openNotRunning } from './open-not-running.js';
import { p2pFlagMissingMultiDevice } from './p2p-flag-missing-multi-device.js';
import { p2pMapSurvivesZap } from './p2p-map-survives-zap.js';
import { p2pMapTargetHalted } from './p2p-map-target-halted.js';
import { p2pQuiesceOrder } from './p2p-quiesce-order.js';
import { p2pReleaseOrder } from './p2p-release-order.js';
import { p2pWindowOpen } from './p2p-window-open.js';
import { precopyEosEncoding } from './precopy-eos-encoding.js';
import { precopyInfoWrongState } from './precopy-info-wrong-state.js';
import { precopyLeftEarly } from './precopy-left-early.js';
import { resetDuringMigration } from './reset-during-migration.js';
import { resetNotRunning } from './reset-not-running.js';
import { resumeLoadRejected } from './resume-load-rejected.js';
import { resumeWithoutData } from './resume-without-data.js';
import { resumingAbortWithoutReset } from './resuming-abort-without-reset.js';
import type { Rule } from './rule.js';
import { setIrqsInResuming } from './set-irqs-in-resuming.js';
import { setIrqsInStopCopy } from './set-irqs-in-stop-copy.js';
import { setIrqsLoopbackWhileHalted } from './set-irqs-loopback-while-halted.js';
import { stateDwellExceeded } from './state-dwell-exceeded.js';
import { stopCopyNotDrained } from './stop-copy-not-drained.js';
import { streamTruncated } from './stream-truncated.js';
import { unsupportedBusType } from './unsupported-bus-type.js';
import { v1DataProtocolOrder } from './v1-data-protocol-order.js';
import { v1InvalidStateBits } from './v1-invalid-state-bits.js';
import { vcpuEntryWhileHalted } from './vcpu-entry-while-halted.js';

export const RULES: readonly Rule[] = [
  mmioRwWhileHalted,
  mmioFaultWhileHalted,
  mmioMappingLiveWhileHalted,
  mmioAccessInP2pState,
  ioeventfdWriteWhileHalted,
  vcpuEntryWhileHalted,
  configWriteWhileHalted,
  setIrqsInResuming,
  setIrqsInStopCopy,
  setIrqsLoopbackWhileHalted,
  irqsArmedAfterRunning,
  irqWhileHalted,
  iommuFaultWhileHalted,
  dmaDirtyWhileHalted,
  p2pWindowOpen,
  p2pMapTargetHalted,
  p2pMapSurvivesZap,
  dmaMapChangeInStopCopy,
  dmaUnmapDropsDirty,
  ioasChangeWhileHalted,
  fsmArcRejected,
  fsmBlockedArcSpin,
  fsmTransitionFailed,
  fsmLandedElsewhere,
  fsmAsyncChange,
  fsmFdNotDelivered,
  fsmTransitionStuck,
  stateDwellExceeded,
  errorStateEntered,
  errorNotReset,
  resumingAbortWithoutReset,
  migFlagsInvalid,
  openNotRunning,
  resetNotRunning,
  resetDuringMigration,
  hotResetCollateral,
  closeMidMigration,
  lowPowerDuringMigration,
  dataSessionKilled,
  hostErrorWhileHalted,
  dataFdWrongState,
  stopCopyNotDrained,
  resumeLoadRejected,
  resumeWithoutData,
  precopyInfoWrongState,
  precopyLeftEarly,
  precopyEosEncoding,
  dataSessionSuperseded,
  dataFdClosedEarly,
  dataFdLeaked,
  dirtyStartTwice,
  dirtyNotStopped,
  dirtyReportInactive,
  dirtyReportError,
  dirtyNoFinalReport,
  dirtyRangeGap,
  dirtyTrackingAbsent,
  p2pQuiesceOrder,
  p2pReleaseOrder,
  p2pFlagMissingMultiDevice,
  noQuiescentState,
  blackoutBudgetExceeded,
  v1InvalidStateBits,
  v1DataProtocolOrder,
  unsupportedBusType,
  observabilityGap,
];

/** Judged of migrations that were joined from traces of both hosts: no record of one host brings them up. */
export const JOINT_RULES: readonly Rule[] = [streamTruncated];

/** Every rule that can be named: by the configuration, by filters, to be explained. */
export const ALL_RULES: readonly Rule[] = [...RULES, ...JOINT_RULES];
