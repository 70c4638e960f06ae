// SPDX-License-Identifier: Apache-2.0
// Tells a database server from other peers by the first bytes that it sends.
#pragma once

#include "core/deadline.h"
#include "core/result.h"

namespace erpnext {

// Unlike SO_ERROR, asking does not take the reason of a failed connect away from the library.
bool IsConnected(int fd);

// The library reports a peer that speaks another protocol as a lost connection (2013), as if it
// had gone away. So the first bytes are looked at before the library reads them: length, sequence
// number 0, then protocol version 9 or 10, or 0xFF of an error packet. True when they are those of
// a database server, or when the peer has closed, which the library reports rightly.
Result<bool> LooksLikeGreeting(int fd, Deadline deadline);

}  // namespace erpnext
