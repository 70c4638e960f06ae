// SPDX-License-Identifier: Apache-2.0
// Asks a MariaDB server: short statements, each within a deadline, on a session that can neither
// write nor wait for locks.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"
#include "core/secret.h"
#include "sources/backoff.h"
#include "sources/channel.h"

namespace erpnext {

struct MariadbOptions {
  Address address;
  std::string user;
  Secret password;
  bool tls = false;
  bool tls_verify = true;
  std::string tls_ca_file;

  friend bool operator==(const MariadbOptions&, const MariadbOptions&) = default;
};

struct MariadbTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;  // NULL is nothing
};

// One thread at a time. One session, made when it is needed: autocommit, read only, every statement
// limited by the server too (max_statement_time). It never waits for the definition of a table: a
// statement that stood in line behind a change of one would hold up all that come after it; it
// fails at once (timeout).
class MariadbClient {
 public:
  explicit MariadbClient(MariadbOptions options);
  ~MariadbClient();

  // Runs one statement. At most 32 MiB and 200 000 rows are accepted: protocol beyond. A statement
  // that the server answers with an error costs nothing else. After no answer in time, a protocol
  // error or a lost connection the session is closed; the next call makes a new one, a little
  // later after each failure.
  Result<MariadbTable> Query(std::string_view statement, Deadline deadline);

  void Close();

  const MariadbOptions& options() const { return options_; }

 private:
  class Session;

  Result<MariadbTable> Failed(const Error& error);
  Status EnsureSession(Deadline deadline);

  MariadbOptions options_;
  std::unique_ptr<Session> session_;
  Backoff backoff_;
  std::optional<Error> last_failure_;
};

// What collectors see of a MariaDB server. Thread-safe.
class MariadbServer {
 public:
  virtual ~MariadbServer() = default;

  // Runs one statement, as MariadbClient::Query does.
  virtual Result<MariadbTable> Query(std::string_view statement, Deadline deadline) = 0;

  // The same for statements that read the server's memory alone: they never wait for the others,
  // which read tables. So a server that is slow is not taken for one that is down.
  virtual Result<MariadbTable> QueryMemory(std::string_view statement, Deadline deadline) {
    return Query(statement, deadline);
  }

  // Ends the sessions that nobody uses now. The next statement makes a new one.
  virtual void CloseIdle() {}
};

// The real one: the at most two sessions that all collectors of one server share, one for each kind
// of statement.
class MariadbSessions final : public MariadbServer {
 public:
  explicit MariadbSessions(const MariadbOptions& options) : memory_(options), tables_(options) {}

  // Wait for the session; who came first is first. Timeout when it became free too late.
  Result<MariadbTable> Query(std::string_view statement, Deadline deadline) override;
  Result<MariadbTable> QueryMemory(std::string_view statement, Deadline deadline) override;
  void CloseIdle() override;

 private:
  // Each with a client of its own: what failed for the one is no reason for the other to pause.
  struct Line {
    explicit Line(const MariadbOptions& options) : client(options) {}

    MariadbClient client;  // of whoever is at work
    bool at_work = false;
    std::uint64_t next_number = 0;
    std::set<std::uint64_t> waiting;  // the numbers of those who wait
  };

  Result<MariadbTable> Run(Line& line, std::string_view statement, Deadline deadline);
  Status Take(Line& line, Deadline deadline);
  void PutBack(Line& line);

  std::mutex mutex_;
  std::condition_variable changed_;
  Line memory_, tables_;
};

// Gives one server object for one set of options, to whoever asks. Thread-safe.
class MariadbServers {
 public:
  std::shared_ptr<MariadbServer> For(const MariadbOptions& options) {
    const std::lock_guard lock(mutex_);
    for (const auto& [known, server] : servers_) {
      if (known == options) return server;
    }
    return servers_.emplace_back(options, std::make_shared<MariadbSessions>(options)).second;
  }

 private:
  std::mutex mutex_;
  std::vector<std::pair<MariadbOptions, std::shared_ptr<MariadbServer>>> servers_;
};

}  // namespace erpnext
