# SPDX-License-Identifier: Apache-2.0
"""What a case script needs inside the lab's guest."""
