// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Not a program: compiled only so that its BTF holds every record. */
#include "wire.h"

#define X(tag, TAG, name) struct ev_##name wire_##name;
EV_KINDS(X)
#undef X

enum ev_type wire_type;
enum how_known_e wire_how_known;
enum reset_kind_e wire_reset_kind;
enum dirty_op_e wire_dirty_op;
enum ring_e wire_ring;
enum probe_status_e wire_probe_status;
enum zap_cause_e wire_zap_cause;
enum irq_kind_e wire_irq_kind;
enum certainty_e wire_certainty;
enum aer_severity_e wire_aer_severity;
struct mw_drained wire_drained;
struct mw_stats wire_stats;
