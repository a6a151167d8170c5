// SPDX-License-Identifier: Apache-2.0
// Written by: node build/agent/test/rules/write_evidence.js > agent/test/rules/evidence.gen.ts; look at the difference before you commit it.
import type { Evidence } from './evidence.js';

export const EVIDENCE: Evidence = {
  'mmio-rw-while-halted': {
    'read-in-STOP warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        region: 0,
        offset: 0,
        length: 4,
        since_landed_ns: 999998000,
      },
    },
    'write-in-STOP_COPY critical': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        region: 0,
        offset: 0,
        length: 4,
        since_landed_ns: 999997000,
      },
    },
    'read-in-RESUMING warning': {
      norm: 'N3',
      party: 'user',
      confidence: 'high',
      evidence: {
        region: 0,
        offset: 0,
        length: 4,
        since_landed_ns: 999997000,
      },
    },
    'attempted-write-in-STOP info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        region: 0,
        offset: 0,
        length: 4,
        since_landed_ns: 999998000,
      },
    },
  },
  'mmio-fault-while-halted': {
    'touch-in-STOP warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        region: 0,
        offset: 0,
        order: 0,
        since_landed_ns: 999998000,
        since_zap_ns: null,
      },
    },
    'touch-in-STOP_COPY critical': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        region: 0,
        offset: 0,
        order: 0,
        since_landed_ns: 999997000,
        since_zap_ns: null,
      },
    },
    'attempted-touch-in-STOP_COPY warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        region: 0,
        offset: 0,
        order: 0,
        since_landed_ns: 999997000,
        since_zap_ns: null,
      },
    },
  },
  'mmio-mapping-live-while-halted': {
    'live info': {
      norm: 'N3',
      party: 'kernel',
      confidence: 'high',
      evidence: {
        mmaps: 1,
        faults_since_zap: 1,
      },
    },
  },
  'mmio-access-in-p2p-state': {
    'region_write-in-RUNNING_P2P warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        region: 0,
        offset: 0,
        quiet_ns: 999999000,
      },
    },
    'fault-in-PRE_COPY_P2P warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        region: 0,
        offset: 0,
        quiet_ns: 999998000,
      },
    },
  },
  'ioeventfd-write-while-halted': {
    'write-in-STOP critical': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        region: 0,
        offset: 32,
        length: 4,
        value: '0x0',
        since_landed_ns: 999998000,
      },
    },
    'write-in-RUNNING_P2P warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        region: 0,
        offset: 32,
        length: 4,
        value: '0x0',
        since_landed_ns: 999999000,
      },
    },
  },
  'vcpu-entry-while-halted': {
    'entry-in-STOP_COPY critical': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        vcpu: 0,
        since_landed_ns: 999997000,
        mmaps: 0,
        faults_since_zap: 0,
      },
    },
    'entry-in-RUNNING_P2P info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        vcpu: 0,
        since_landed_ns: 999999000,
        mmaps: 0,
        faults_since_zap: 0,
      },
    },
  },
  'config-write-while-halted': {
    'in-STOP_COPY warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        offset: 4,
        length: 2,
        field: 'COMMAND',
      },
    },
    'in-RESUMING-BAR info': {
      norm: 'N3',
      party: 'user',
      confidence: 'high',
      evidence: {
        offset: 16,
        length: 4,
        field: 'BAR',
      },
    },
    'in-RESUMING-other warning': {
      norm: 'N3',
      party: 'user',
      confidence: 'high',
      evidence: {
        offset: 12,
        length: 1,
        field: 'other',
      },
    },
  },
  'set-irqs-in-resuming': {
    'in-RESUMING info': {
      norm: 'N3',
      party: 'user',
      confidence: 'high',
      evidence: {
        index: 'MSIX',
        start: 0,
        count: 1,
        flags: '0x24',
        bytes_written: 0,
      },
    },
  },
  'set-irqs-in-stop-copy': {
    'in-STOP_COPY warning': {
      norm: 'N3',
      party: 'user',
      confidence: 'high',
      evidence: {
        index: 'MSIX',
        start: 0,
        count: 1,
        flags: '0x24',
        bytes_read: 0,
        end_of_stream: false,
      },
    },
  },
  'set-irqs-loopback-while-halted': {
    'in-STOP info': {
      norm: 'N3',
      party: 'user',
      confidence: 'high',
      evidence: {
        index: 'MSIX',
        start: 0,
        count: 1,
        flags: '0x22',
      },
    },
  },
  'irqs-armed-after-running': {
    'late info': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {
        index: 'MSIX',
        start: 0,
        count: 1,
        flags: '0x24',
        late_ns: 999997000,
      },
    },
  },
  'irq-while-halted': {
    'interrupt warning': {
      norm: 'N1',
      party: 'device',
      confidence: 'high',
      evidence: {
        irq: 33,
        line: 'MSI',
        since_halted_ns: 19998000,
        count: 1,
      },
    },
    'interrupts critical': {
      norm: 'N1',
      party: 'device',
      confidence: 'high',
      evidence: {
        irq: 33,
        line: 'MSI',
        since_halted_ns: 999998000,
        count: 1,
      },
    },
    'pba_release info': {
      norm: 'N1',
      party: 'device',
      confidence: 'high',
      evidence: {
        irq: 33,
        line: 'MSI',
        since_halted_ns: 1000998000,
        count: 1,
      },
    },
  },
  'iommu-fault-while-halted': {
    'dma-in-STOP critical': {
      norm: 'N1',
      party: 'device',
      confidence: 'high',
      evidence: {
        iova: '0x1000',
        direction: 'write',
        reason: '0x5',
        since_landed_ns: 999998000,
        source: 'kernel log',
      },
    },
    'dma-in-RESUMING critical': {
      norm: 'N1',
      party: 'device',
      confidence: 'high',
      evidence: {
        iova: '0x1000',
        direction: 'write',
        reason: '0x5',
        since_landed_ns: 999997000,
        source: 'kernel log',
      },
    },
    'p2p-in-RUNNING_P2P warning': {
      norm: 'N1',
      party: 'device',
      confidence: 'high',
      evidence: {
        iova: '0xfe000800',
        direction: 'write',
        reason: '0x5',
        since_landed_ns: 999999000,
        source: 'kernel log',
        target: 'dev1',
        unmapped_ns_ago: 2000000000,
      },
    },
  },
  'dma-dirty-while-halted': {
    'dirty-again critical': {
      norm: 'N1',
      party: 'device',
      confidence: 'medium',
      evidence: {
        pages: 3,
        at_least: false,
        first: '0x1000',
        last: '0x8000',
        since_halted_ns: 1999998000,
      },
    },
  },
  'p2p-window-open': {
    'from-dev2 critical': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        from: 'dev2',
        from_state: 'RUNNING',
        bar: 0,
        iova: '0xfe000000',
        size: 4096,
        open_ns: 1999997000,
        p2p_routable: 'unknown',
      },
    },
    'from-dev2 warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        from: 'dev2',
        from_state: 'RUNNING',
        bar: 0,
        iova: '0xfe000000',
        size: 4096,
        open_ns: 1999998000,
        p2p_routable: 'unknown',
      },
    },
  },
  'p2p-map-target-halted': {
    'mapped info': {
      norm: 'N3',
      party: 'user',
      confidence: 'high',
      evidence: {
        target: 'dev1',
        target_state: 'STOP',
        self: true,
        bar: 0,
        iova: '0xfe000000',
        size: 4096,
        running_peers: [],
      },
    },
    'mapped-beside-running warning': {
      norm: 'N3',
      party: 'user',
      confidence: 'high',
      evidence: {
        target: 'dev1',
        target_state: 'STOP',
        self: false,
        bar: 0,
        iova: '0xfe000000',
        size: 4096,
        running_peers: ['dev2'],
      },
    },
  },
  'p2p-map-survives-zap': {
    'in-dev2 info': {
      norm: 'N4',
      party: 'kernel',
      confidence: 'high',
      evidence: {
        from: 'dev2',
        from_state: 'RUNNING',
        bar: 0,
        iova: '0xfe000000',
        size: 4096,
        zapped_by: 'config write',
        since_zap_ns: 2000000000,
      },
    },
    'in-dev2 warning': {
      norm: 'N4',
      party: 'kernel',
      confidence: 'high',
      evidence: {
        from: 'dev2',
        from_state: 'RUNNING',
        bar: 0,
        iova: '0xfe000000',
        size: 4096,
        zapped_by: 'reset',
        since_zap_ns: 2000000000,
      },
    },
  },
  'dma-map-change-in-stop-copy': {
    'map info': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {
        iova: '0x100000000',
        size: 4096,
        container: 1,
      },
    },
    'unmap warning': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {
        iova: '0x100000000',
        size: 4096,
        container: 1,
        tracked: true,
        reported_since_halt: false,
      },
    },
  },
  'dma-unmap-drops-dirty': {
    'unreported info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        iova: '0x100000000',
        size: 4096,
        tracker: 'type1',
      },
    },
    'never-reported warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        ranges: ['0x100000000-0x100001000'],
      },
    },
    'low-memory info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        iova: '0xe0000',
        size: 131072,
        tracker: 'type1',
      },
    },
  },
  'ioas-change-while-halted': {
    'in-PRE_COPY warning': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {
        before: 1,
        now: 2,
        pt_id: 2,
        logging: false,
      },
    },
    'while-logging warning': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {
        before: 1,
        now: 2,
        pt_id: 2,
        logging: true,
      },
    },
    'in-STOP info': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {
        before: 1,
        now: 0,
        pt_id: 0,
        logging: false,
      },
    },
  },
  'fsm-arc-rejected': {
    'error-requested warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        migration_flags: 7,
      },
    },
    'out-of-range warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        migration_flags: 7,
      },
    },
    'unsupported warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        migration_flags: 1,
      },
    },
    'blocked warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        migration_flags: 7,
      },
    },
    'from-error critical': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        migration_flags: 7,
      },
    },
  },
  'fsm-blocked-arc-spin': {
    'requested critical': {
      norm: 'N2',
      party: 'user',
      confidence: 'high',
      evidence: {
        migration_flags: 7,
        tid: 100,
      },
    },
    'confirmed critical': {
      norm: 'N2',
      party: 'user',
      confidence: 'high',
      evidence: {
        spinning_ns: 2000000000,
        tid: 100,
      },
    },
  },
  'fsm-transition-failed': {
    'failed warning': {
      norm: 'N1',
      party: 'driver',
      confidence: 'high',
      evidence: {
        failing_step: {
          at: 2000000000,
          from: 2,
          to: 5,
        },
        steps: 1,
        errno: -5,
        took_ns: 1000,
      },
    },
  },
  'fsm-landed-elsewhere': {
    'no-reaction warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        from: 'RUNNING',
        requested: 'STOP_COPY',
        stuck_at: 'RUNNING_P2P',
        failed_ns_ago: 1999998000,
      },
    },
    'success-elsewhere critical': {
      norm: 'N1',
      party: 'driver',
      confidence: 'high',
      evidence: {
        requested: 'STOP',
        walked_to: 'STOP_COPY',
      },
    },
  },
  'fsm-async-change': {
    'to-RUNNING_P2P warning': {
      norm: 'N1',
      party: 'driver',
      confidence: 'high',
      evidence: {
        tracked: 'STOP',
        seen: 'RUNNING_P2P',
        known_for_ns: 999998000,
      },
    },
    'to-STOP critical': {
      norm: 'N1',
      party: 'driver',
      confidence: 'high',
      evidence: {
        tracked: 'STOP_COPY',
        seen: 'STOP',
        known_for_ns: 999997000,
      },
    },
  },
  'fsm-fd-not-delivered': {
    'in-PRE_COPY warning': {
      norm: 'N2',
      party: 'user',
      confidence: 'high',
      evidence: {
        errno: -24,
      },
    },
  },
  'fsm-transition-stuck': {
    'slow warning': {
      norm: 'N4',
      party: 'driver',
      confidence: 'high',
      evidence: {
        requested: 'STOP',
        step: 'RUNNING_P2P→STOP',
        since_ns: 6000000000,
        tid: 100,
      },
    },
    'stuck critical': {
      norm: 'N4',
      party: 'driver',
      confidence: 'high',
      evidence: {
        requested: 'STOP',
        step: 'RUNNING_P2P→STOP',
        since_ns: 68000000000,
        tid: 100,
      },
    },
  },
  'state-dwell-exceeded': {
    'in-RUNNING_P2P warning': {
      norm: 'N4',
      party: 'ops',
      confidence: 'high',
      evidence: {
        idle_ns: 10999999000,
        bytes_read: 0,
        bytes_written: 0,
      },
    },
    'drain-stalled warning': {
      norm: 'N4',
      party: 'ops',
      confidence: 'high',
      evidence: {
        idle_ns: 68000000000,
        bytes_read: 60,
        bytes_written: 0,
      },
    },
    'idle-in-RESUMING info': {
      norm: 'N4',
      party: 'ops',
      confidence: 'high',
      evidence: {
        idle_ns: 1858999997000,
        bytes_read: 0,
        bytes_written: 0,
      },
    },
  },
  'error-state-entered': {
    'error critical': {
      norm: 'N1',
      party: 'driver',
      confidence: 'high',
      evidence: {
        before: 'unknown',
        last_set: null,
      },
    },
  },
  'error-not-reset': {
    'not-reset warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        in_error_ns: 6000000000,
      },
    },
    'never-reset critical': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        in_error_ns: 67000000000,
      },
    },
    'used-in-error warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        in_error_ns: 1000000000,
      },
    },
  },
  'resuming-abort-without-reset': {
    'walked-on warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        errno: -22,
        next: 'RUNNING',
      },
    },
    'not-reset warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        errno: -22,
        failed_ns_ago: 1999999000,
      },
    },
    'left-after-failed-write warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        write_errno: -5,
        next: 'RUNNING',
      },
    },
  },
  'mig-flags-invalid': {
    'no-stop-copy-dev1 warning': {
      norm: 'N1',
      party: 'driver',
      confidence: 'high',
      evidence: {
        migration_flags: '0x2',
      },
    },
  },
  'open-not-running': {
    'in-STOP warning': {
      norm: 'N3',
      party: 'driver',
      confidence: 'high',
      evidence: {
        since_open_ns: 2000000000,
      },
    },
  },
  'reset-not-running': {
    'in-STOP critical': {
      norm: 'N1',
      party: 'driver',
      confidence: 'high',
      evidence: {
        since_reset_ns: 1000000000,
      },
    },
  },
  'reset-during-migration': {
    'unexplained critical': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        reset_kind: 1,
        bytes_read: 0,
        took_ns: 1000000,
      },
    },
    'guest-reboot warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        reset_kind: 1,
        bytes_read: 0,
        took_ns: 1000000,
      },
    },
    'resume-abort info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        reset_kind: 1,
        bytes_read: 0,
        took_ns: 1000000,
      },
    },
    'foreign critical': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        reset_kind: 3,
        bytes_read: 0,
        took_ns: 1000000,
      },
    },
  },
  'hot-reset-collateral': {
    'in-STOP_COPY critical': {
      norm: 'N2',
      party: 'user',
      confidence: 'high',
      evidence: {
        asked_by: {
          tgid: 9,
          own: false,
        },
        logging: false,
        bytes_read: 0,
        set: [],
      },
    },
    'guest-reboot warning': {
      norm: 'N2',
      party: 'user',
      confidence: 'high',
      evidence: {
        asked_by: {
          tgid: 100,
          own: true,
        },
        logging: false,
        bytes_read: 0,
        set: [],
      },
    },
  },
  'close-mid-migration': {
    'in-STOP_COPY warning': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {
        cause: 'exit',
        signal: 0,
        exit_status: 0,
        bytes_read: 0,
        bytes_written: 0,
        end_of_stream: false,
      },
    },
    'in-PRE_COPY critical': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {
        cause: 'crash',
        signal: 11,
        exit_status: 0,
        bytes_read: 0,
        bytes_written: 0,
        end_of_stream: false,
      },
    },
    'in-RESUMING info': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {
        cause: 'exit',
        signal: 0,
        exit_status: 1,
        bytes_read: 0,
        bytes_written: 0,
        end_of_stream: false,
      },
    },
  },
  'low-power-during-migration': {
    'entry-in-PRE_COPY warning': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {},
    },
    'entry-in-STOP info': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {},
    },
    'd3hot-in-STOP_COPY warning': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {},
    },
    'd3hot-in-STOP info': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {},
    },
  },
  'data-session-killed': {
    'in-PRE_COPY warning': {
      norm: 'N2',
      party: 'driver',
      confidence: 'high',
      evidence: {
        session: 1,
        bytes_read: 0,
        bytes_written: 0,
      },
    },
  },
  'host-error-while-halted': {
    'coincident critical': {
      norm: 'N1',
      party: 'device',
      confidence: 'high',
      evidence: {
        reported_by: '0000:00:01.0',
        status: '0x100000',
      },
    },
    'caused critical': {
      norm: 'N1',
      party: 'device',
      confidence: 'high',
      evidence: {
        reported_by: '0000:00:01.0',
        status: '0x100000',
        touch: {
          kind: 'region_read',
          ns_before: 50000000,
        },
      },
    },
  },
  'data-fd-wrong-state': {
    'read-refused warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        session: 1,
        ret: -19,
        since_left_ns: 999999000,
      },
    },
    'read-succeeded critical': {
      norm: 'N1',
      party: 'driver',
      confidence: 'high',
      evidence: {
        session: 1,
        ret: 60,
        since_left_ns: 999999000,
      },
    },
  },
  'stop-copy-not-drained': {
    'rollback info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        session: 1,
        bytes_read: 60,
        next: 'RUNNING',
      },
    },
    'incomplete warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        session: 1,
        bytes_read: 60,
        next: 'RESUMING',
      },
    },
    'incomplete-exit-0 critical': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        session: 1,
        bytes_read: 60,
        next: 'close',
      },
    },
  },
  'resume-load-rejected': {
    'rejected critical': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        errno: -22,
        requested: 'RUNNING',
        bytes_written: 60,
        took_ns: 1000,
      },
    },
  },
  'resume-without-data': {
    'no-data warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        session: 1,
        next: 'RUNNING',
      },
    },
  },
  'precopy-info-wrong-state': {
    'refused info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        ret: -22,
      },
    },
    'answered warning': {
      norm: 'N1',
      party: 'driver',
      confidence: 'high',
      evidence: {},
    },
  },
  'precopy-left-early': {
    'initial-bytes-left info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        bytes_left: 60,
      },
    },
  },
  'precopy-eos-encoding': {
    'enomsg_in_stop_copy critical': {
      norm: 'N1',
      party: 'driver',
      confidence: 'high',
      evidence: {
        session: 1,
      },
    },
    'zero_in_precopy info': {
      norm: 'N1',
      party: 'driver',
      confidence: 'high',
      evidence: {
        session: 1,
      },
    },
  },
  'data-session-superseded': {
    'superseded info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        session: 2,
        before: 1,
        before_ended: true,
      },
    },
    'out-of-sync warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        session: 2,
        held_ns: 1999000,
      },
    },
  },
  'data-fd-closed-early': {
    'cancel info': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {
        session: 1,
        state: 'PRE_COPY',
        bytes_read: 0,
        bytes_written: 0,
      },
    },
    'early warning': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {
        session: 1,
        state: 'PRE_COPY',
        bytes_read: 0,
        bytes_written: 0,
      },
    },
    'in-RESUMING info': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {
        session: 1,
        state: 'RESUMING',
        bytes_read: 0,
        bytes_written: 60,
      },
    },
  },
  'data-fd-leaked': {
    'open info': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {
        session: 1,
        since_ended_ns: 66999999000,
      },
    },
  },
  'dirty-start-twice': {
    'refused warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        tracking_ns: 1000000000,
        errno: -22,
      },
    },
    'accepted critical': {
      norm: 'N1',
      party: 'driver',
      confidence: 'high',
      evidence: {
        tracking_ns: 1000000000,
        errno: 0,
      },
    },
  },
  'dirty-not-stopped': {
    'closed info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        tracking_ns: 1000000000,
        reports: 0,
      },
    },
    'running warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        since_migration_ns: 65000000000,
      },
    },
    'stop-without-start info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {},
    },
  },
  'dirty-report-inactive': {
    'refused warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        iova: '0x0',
        size: 2147483648,
        errno: -22,
      },
    },
    'answered warning': {
      norm: 'N1',
      party: 'driver',
      confidence: 'high',
      evidence: {
        iova: '0x0',
        size: 2147483648,
        errno: 0,
      },
    },
  },
  'dirty-report-error': {
    'failed warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        iova: '0x0',
        size: 2147483648,
        errno: -5,
        container: 0,
      },
    },
    'unsupported info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        iova: '0x0',
        size: 2147483648,
        errno: -95,
        container: 0,
      },
    },
    'unheeded critical': {
      norm: 'N1',
      party: 'user',
      confidence: 'low',
      evidence: {
        failed_ns_ago: 2000000000,
        not_observed: 'whether the user took all memory for dirty',
      },
    },
  },
  'dirty-no-final-report': {
    'range-missing critical': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        iova: '0x0',
        size: 4096,
        reported_after_halt: 0,
      },
    },
    'never-reported critical': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        reported_after_halt: 0,
      },
    },
  },
  'dirty-range-gap': {
    'outside warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        iova: '0x20000000',
        size: 4096,
        mapped_ns_ago: 1000000000,
        logged: ['0x0-0x10000000'],
      },
    },
  },
  'dirty-tracking-absent': {
    'absent info': {
      norm: 'N4',
      party: 'user',
      confidence: 'high',
      evidence: {
        container: 1,
      },
    },
  },
  'p2p-quiesce-order': {
    'peer-running info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        requested: 'STOP',
        peers: [
          {
            device: 'dev2',
            state: 'RUNNING',
            migration_flags: 7,
          },
        ],
      },
    },
    'mapped-peer-running warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        requested: 'STOP',
        peers: [
          {
            device: 'dev2',
            state: 'RUNNING',
            migration_flags: 7,
          },
        ],
      },
    },
  },
  'p2p-release-order': {
    'peer-halted info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        peers: [
          {
            device: 'dev2',
            state: 'STOP',
            migration_flags: 7,
          },
        ],
      },
    },
    'mapped-peer-halted warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        peers: [
          {
            device: 'dev1',
            state: 'STOP',
            migration_flags: 7,
          },
        ],
      },
    },
    'rollback info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        peers: [
          {
            device: 'dev2',
            state: 'STOP',
            migration_flags: 7,
          },
        ],
      },
    },
  },
  'p2p-flag-missing-multi-device': {
    'without-p2p info': {
      norm: 'N3',
      party: 'user',
      confidence: 'high',
      evidence: {
        devices: [
          {
            device: 'dev2',
            state: 'RUNNING',
            migration_flags: 1,
          },
          {
            device: 'dev1',
            state: 'STOP_COPY',
            migration_flags: 7,
          },
        ],
        lacking: ['dev2'],
      },
    },
    'mapped warning': {
      norm: 'N3',
      party: 'user',
      confidence: 'high',
      evidence: {
        devices: [
          {
            device: 'dev2',
            state: 'RUNNING',
            migration_flags: 1,
          },
          {
            device: 'dev1',
            state: 'STOP_COPY',
            migration_flags: 7,
          },
        ],
        lacking: ['dev2'],
      },
    },
  },
  'no-quiescent-state': {
    'no-p2p-state-dev1 info': {
      norm: 'N3',
      party: 'driver',
      confidence: 'high',
      evidence: {
        driver: 'x',
        migration_flags: 'stop-copy',
      },
    },
    'pause-exit-on-touch-dev1 info': {
      norm: 'N3',
      party: 'driver',
      confidence: 'high',
      evidence: {
        driver: 'hisi_acc_vfio_pci',
        migration_flags: 'stop-copy,p2p,pre-copy',
      },
    },
  },
  'blackout-budget-exceeded': {
    'over-budget warning': {
      norm: 'N4',
      party: 'ops',
      confidence: 'high',
      evidence: {
        stop_pass_ns: 3000,
        drain_ns: 1000000000,
        bytes: 60,
        total_ns: 1000003000,
        budget_ns: 300000000,
      },
    },
    'over-budget critical': {
      norm: 'N4',
      party: 'ops',
      confidence: 'high',
      evidence: {
        stop_pass_ns: 3000,
        drain_ns: 4000000000,
        bytes: 240,
        total_ns: 4000003000,
        budget_ns: 300000000,
      },
    },
  },
  'v1-invalid-state-bits': {
    'invalid-101 warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        written: '0x5',
        ret: -22,
      },
    },
    'error-written warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        written: '0x6',
        ret: 4,
      },
    },
    'reserved-bits warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        written: '0x102',
        ret: 4,
        read: '0x0',
      },
    },
    'length warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        offset: 0,
        length: 1,
      },
    },
  },
  'v1-data-protocol-order': {
    'pending_bytes-not-read warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        last_step: 'none',
        pending_bytes: -1,
        data_size: 0,
        moved: 0,
      },
    },
    'data-not-read warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        last_step: 'size',
        pending_bytes: 60,
        data_size: 60,
        moved: 0,
      },
    },
    'pending-bytes-left warning': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        pending_bytes: 60,
        bytes_read: 0,
        next: 'STOP',
      },
    },
    'rollback info': {
      norm: 'N1',
      party: 'user',
      confidence: 'high',
      evidence: {
        pending_bytes: 60,
        bytes_read: 0,
        next: 'RUNNING',
      },
    },
  },
  'unsupported-bus-type': {
    'mdev-dev1 info': {
      norm: 'N4',
      party: 'ops',
      confidence: 'high',
      evidence: {
        bus: 'mdev',
        not_observed: ['mmio-fault', 'zap', 'ioeventfd', 'interrupts', 'config writes'],
      },
    },
  },
  'observability-gap': {
    'lost-crit warning': {
      norm: 'N4',
      party: 'ops',
      confidence: 'high',
      evidence: {
        ring: 'crit',
        count: 1,
      },
    },
    'lost-bulk info': {
      norm: 'N4',
      party: 'ops',
      confidence: 'high',
      evidence: {
        ring: 'bulk',
        count: 1,
      },
    },
    'late-dev1 info': {
      norm: 'N4',
      party: 'ops',
      confidence: 'high',
      evidence: {
        device: 'dev1',
      },
    },
    'detached info': {
      norm: 'N4',
      party: 'ops',
      confidence: 'high',
      evidence: {},
    },
    'probe-x warning': {
      norm: 'N4',
      party: 'ops',
      confidence: 'high',
      evidence: {
        probe: 'x',
        kind: 'fentry',
      },
    },
  },
};
