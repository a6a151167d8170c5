// SPDX-License-Identifier: Apache-2.0
/** Only the traces of both hosts can tell: join/ judges it. */
import { rule, SILENT } from './rule.js';

export const streamTruncated = rule({
  id: 'stream-truncated',
  version: 1,
  statement:
    'A destination runs only with all that was saved: as many bytes are loaded as were read on the source.',
  says: 'If the user provided data is found to be incomplete, inconsistent, or otherwise invalid, the migration driver must fail the SET_STATE ioctl',
  where: 'include/uapi/linux/vfio.h, RESUMING -> STOP',
  norm: 'N1',
  party: 'user',
  severities: ['critical'],
  scope: 'device',
  needs: ['migration-state', 'data-stream'],
  decides:
    'The two data sessions are joined by the UUID of the VM. The destination came to RUNNING, and wrote fewer (truncated) or more (grown) bytes than the source read. Where records of either were lost, or another session could have been meant: unknown.',
  benign: 'A stream that was cut on its way, when the destination does not run: the source goes on.',
  action:
    'The guest runs on a device whose state is not the one that was saved. Look between the two hosts: the VMM, its proxy, the transport; and ask why the driver took it.',
  on: [],
  judge: () => SILENT,
});
