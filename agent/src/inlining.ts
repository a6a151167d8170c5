// SPDX-License-Identifier: Apache-2.0
/**
 * A record goes through a chain of functions, most of them a line or two long. V8 stops putting them into one another
 * after 920 bytes of bytecode, in the middle of that chain; with more room judging costs some tenth less. It is a
 * limit of the compiler and changes nothing that is computed. Node 20, 22 and 24 know both flags.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--max-inlined-bytecode-size-cumulative=4000');
setFlagsFromString('--max-inlined-bytecode-size=1000');
