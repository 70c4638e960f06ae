// SPDX-License-Identifier: Apache-2.0
// Connector/C through its non-blocking calls: its own timeouts restart with each byte, so a server
// that drips would hold us for ever.
#include "sources/mariadb_client.h"

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <poll.h>

#include <cerrno>
#include <functional>
#include <utility>

#include "sources/mariadb_error.h"
#include "sources/mariadb_greeting.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxBytes = 32U << 20;
constexpr std::size_t kMaxRows = 200'000;
constexpr unsigned long kMaxPacket = 16UL << 20;

// Shows in the server's process list and slow log whose statement it is.
constexpr std::string_view kTag = "/* erpnext-exporter */ ";

// A server may cut lists (GROUP_CONCAT) at a kilobyte: an index that is missing in a list of those
// that were used looks as if nothing used it. A megabyte is MariaDB's default.
constexpr std::string_view kLimits =
    "SET SESSION max_statement_time=5, lock_wait_timeout=0, innodb_lock_wait_timeout=1, "
    "autocommit=1, group_concat_max_len=1048576";
// MySQL counts milliseconds under another name, and waits for a lock at least a second.
constexpr std::string_view kLimitsOfMysql =
    "SET SESSION max_execution_time=5000, lock_wait_timeout=1, innodb_lock_wait_timeout=1, "
    "autocommit=1, group_concat_max_len=1048576";
constexpr std::string_view kReadOnly = "SET SESSION TRANSACTION READ ONLY";

class Waiting {
 public:
  Waiting(MYSQL* mysql, Deadline deadline) : mysql_(mysql), deadline_(deadline) {}

  // Runs one non-blocking call to its end. False when the deadline passed: the session is of no
  // further use then.
  bool Finish(const std::function<int()>& start, const std::function<int(int)>& go_on) const {
    int wanted = start();
    while (wanted != 0) {
      const std::optional<int> ready = Wait(wanted);
      if (!ready) return false;
      wanted = go_on(*ready);
    }
    return true;
  }

 private:
  std::optional<int> Wait(int wanted) const {
    // Checked here too: a server that always has one more byte ready never makes us wait.
    if (deadline_.Expired()) return std::nullopt;
    short events = 0;
    if ((wanted & MYSQL_WAIT_READ) != 0) events |= POLLIN;
    if ((wanted & MYSQL_WAIT_WRITE) != 0) events |= POLLOUT;
    if ((wanted & MYSQL_WAIT_EXCEPT) != 0) events |= POLLPRI;
    pollfd waiting{mysql_get_socket(mysql_), events, 0};
    for (;;) {
      const int found = poll(&waiting, 1, deadline_.RemainingMillis());
      if (found < 0 && errno == EINTR) continue;
      if (found <= 0) return std::nullopt;
      break;
    }
    int ready = 0;
    if ((waiting.revents & (POLLIN | POLLHUP | POLLERR)) != 0) ready |= MYSQL_WAIT_READ;
    if ((waiting.revents & (POLLOUT | POLLHUP | POLLERR)) != 0) ready |= MYSQL_WAIT_WRITE;
    if ((waiting.revents & POLLPRI) != 0) ready |= MYSQL_WAIT_EXCEPT;
    return ready & wanted;
  }

  MYSQL* mysql_;
  Deadline deadline_;
};

tl::unexpected<Error> TimedOut() { return Fail(ErrorKind::kTimeout, "no answer in time"); }

// The server's own text is not passed on: it may quote names and values.
tl::unexpected<Error> Failure(MYSQL* mysql) {
  const unsigned number = MariadbErrorNumber(mysql_errno(mysql), mysql_error(mysql));
  if (number == CR_SSL_CONNECTION_ERROR) {  // the text is the library's
    return Fail(MariadbErrorKind(number, mysql_error(mysql)), "{}; see mariadb.tls-ca-file",
                mysql_error(mysql));
  }
  const ErrorKind kind = MariadbErrorKind(number, mysql_error(mysql));
  const std::string_view remedy =
      kind == ErrorKind::kHostBlocked
          ? ": connections from this host were begun and left; run mariadb-admin flush-hosts there"
          : "";
  return Fail(kind, "{} (error {}){}", ErrorKindName(kind), number, remedy);
}

}  // namespace

class MariadbClient::Session {
 public:
  Session() : mysql_(mysql_init(nullptr)) {
    if (mysql_ == nullptr) throw std::bad_alloc();
  }
  ~Session() { mysql_close(mysql_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Status Connect(const MariadbOptions& options, Deadline deadline) {
    SetOptions(options);
    MYSQL* connected = nullptr;
    const bool local = !options.address.unix_path.empty();
    const auto start = [&] {
      return mysql_real_connect_start(
          &connected, mysql_, local ? nullptr : options.address.host.c_str(), options.user.c_str(),
          options.password.Reveal().c_str(), /*db=*/nullptr, local ? 0 : options.address.port,
          local ? options.address.unix_path.c_str() : nullptr, /*clientflag=*/0);
    };
    Status greeting;
    bool checked = false;
    const auto go_on = [&](int ready) {
      // Before the library reads, which it does at once when bytes are there. Over a unix socket a
      // fast server is greeted already: what comes next are its answers to our login.
      const bool greeted = mysql_get_server_info(mysql_) != nullptr;
      if (!checked && !greeted && IsConnected(mysql_get_socket(mysql_))) {
        checked = true;
        greeting = CheckGreeting(deadline);
        if (!greeting) return 0;
      }
      return mysql_real_connect_cont(&connected, mysql_, ready);
    };
    if (!Waiting(mysql_, deadline).Finish(start, go_on)) return TimedOut();
    if (!greeting) return greeting;
    if (connected == nullptr) return Failure(mysql_);
    auto done = Run(kLimits, deadline);
    if (!done && mysql_errno(mysql_) == ER_UNKNOWN_SYSTEM_VARIABLE) {
      done = Run(kLimitsOfMysql, deadline);
    }
    if (done) done = Run(kReadOnly, deadline);
    return done ? Status() : Fail(done.error());
  }

  // After Run failed: whether it was only that statement.
  bool Usable() const {
    const unsigned number = mysql_errno(mysql_);
    const bool from_server = (number >= ER_ERROR_FIRST && number < CR_MIN_ERROR) ||
                             (number >= ER_ERROR_FIRST_SECTION_4 && number < CER_MIN_ERROR);
    return from_server && !abandoned_ && number != ER_SERVER_SHUTDOWN &&
           number != ER_CONNECTION_KILLED;
  }

  Result<MariadbTable> Run(std::string_view statement, Deadline deadline) {
    std::string tagged(kTag);
    tagged.append(statement);
    const Waiting waiting(mysql_, deadline);
    int failed = 0;
    const bool in_time = waiting.Finish(
        [&] {
          return mysql_real_query_start(&failed, mysql_, tagged.data(),
                                        static_cast<unsigned long>(tagged.size()));
        },
        [&](int ready) { return mysql_real_query_cont(&failed, mysql_, ready); });
    if (!in_time) return TimedOut();
    if (failed != 0) return Failure(mysql_);
    MYSQL_RES* rows = mysql_use_result(mysql_);
    if (rows == nullptr) {
      if (mysql_errno(mysql_) != 0) return Failure(mysql_);
      return MariadbTable{};  // a statement without rows
    }
    auto table = Fetch(rows, waiting);
    // Freeing reads what is left of the result, which is nothing after a success; after a failure
    // the caller closes the session instead.
    if (table)
      mysql_free_result(rows);
    else
      abandoned_.reset(rows);
    return table;
  }

 private:
  // mysql_free_result on a result that was not read to its end would read on, without a limit.
  // Closing the connection first makes it return at once.
  struct FreeAfterClose {
    void operator()(MYSQL_RES* rows) const {
      rows->handle = nullptr;
      mysql_free_result(rows);
    }
  };

  Status CheckGreeting(Deadline deadline) const {
    const auto greeting = LooksLikeGreeting(mysql_get_socket(mysql_), deadline);
    if (!greeting) return Fail(greeting.error());
    if (!*greeting) return Fail(ErrorKind::kProtocol, "no database server answers there");
    return {};
  }

  void SetOptions(const MariadbOptions& options) {
    const unsigned no_infile = 0;  // a hostile server could ask for our files
    const my_bool yes = 1;
    const my_bool verify = options.tls_verify ? 1 : 0;
    // Else the library takes "localhost" for its own default socket, whatever the port.
    const unsigned protocol =
        options.address.unix_path.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
    mysql_options(mysql_, MYSQL_OPT_PROTOCOL, &protocol);
    mysql_options(mysql_, MYSQL_OPT_NONBLOCK, nullptr);
    mysql_options(mysql_, MYSQL_OPT_LOCAL_INFILE, &no_infile);
    mysql_options(mysql_, MYSQL_OPT_MAX_ALLOWED_PACKET, &kMaxPacket);
    mysql_options(mysql_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    // Not mysql_clear_password and not dialog, by which a server could ask for the password itself.
    mysql_options(mysql_, MARIADB_OPT_RESTRICTED_AUTH,
                  "mysql_native_password,client_ed25519,auth_gssapi_client,caching_sha2_password,"
                  "sha256_password");
    mysql_optionsv(mysql_, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "erpnext-exporter");
    if (options.tls) {
      mysql_options(mysql_, MYSQL_OPT_SSL_ENFORCE, &yes);
      mysql_options(mysql_, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
      if (!options.tls_ca_file.empty()) {
        mysql_options(mysql_, MYSQL_OPT_SSL_CA, options.tls_ca_file.c_str());
      }
    }
  }

  Result<MariadbTable> Fetch(MYSQL_RES* result, const Waiting& waiting) {
    MariadbTable table;
    const unsigned columns = mysql_num_fields(result);
    const MYSQL_FIELD* fields = mysql_fetch_fields(result);
    for (unsigned i = 0; i < columns; ++i) table.columns.emplace_back(fields[i].name);
    std::size_t bytes = 0;
    for (;;) {
      MYSQL_ROW row = nullptr;
      const bool in_time =
          waiting.Finish([&] { return mysql_fetch_row_start(&row, result); },
                         [&](int ready) { return mysql_fetch_row_cont(&row, result, ready); });
      if (!in_time) return TimedOut();
      if (row == nullptr) break;
      const unsigned long* lengths = mysql_fetch_lengths(result);
      auto& values = table.rows.emplace_back();
      for (unsigned i = 0; i < columns; ++i) {
        bytes += lengths[i];
        values.push_back(row[i] == nullptr ? std::nullopt
                                           : std::optional(std::string(row[i], lengths[i])));
      }
      if (table.rows.size() > kMaxRows || bytes > kMaxBytes) {
        return Fail(ErrorKind::kProtocol, "answer larger than is accepted");
      }
    }
    if (mysql_errno(mysql_) != 0) return Failure(mysql_);
    return table;
  }

  MYSQL* mysql_;
  std::unique_ptr<MYSQL_RES, FreeAfterClose> abandoned_;
};

MariadbClient::MariadbClient(MariadbOptions options) : options_(std::move(options)) {}
MariadbClient::~MariadbClient() = default;

void MariadbClient::Close() { session_.reset(); }

Result<MariadbTable> MariadbClient::Failed(const Error& error) {
  session_.reset();
  backoff_.Failed(Deadline::Clock::now());
  last_failure_ =
      Error{error.kind, fmt::format("MariaDB at {}: {}", options_.address.Text(), error.message)};
  return Fail(*last_failure_);
}

Status MariadbClient::EnsureSession(Deadline deadline) {
  auto session = std::make_unique<Session>();
  if (Status status = session->Connect(options_, deadline); !status) return status;
  session_ = std::move(session);
  return {};
}

Result<MariadbTable> MariadbClient::Query(std::string_view statement, Deadline deadline) {
  const bool kept = session_ != nullptr;
  if (!kept) {
    if (!backoff_.MayTry(Deadline::Clock::now())) return Fail(*last_failure_);
    if (Status status = EnsureSession(deadline); !status) return Failed(status.error());
  }
  auto table = session_->Run(statement, deadline);
  // A server that was restarted closed the session we kept: that is no failure yet.
  if (!table && kept && table.error().kind == ErrorKind::kUnavailable) {
    session_.reset();
    if (Status status = EnsureSession(deadline); !status) return Failed(status.error());
    table = session_->Run(statement, deadline);
  }
  if (table) {
    backoff_.Succeeded();
    return table;
  }
  // A statement that the server refuses, or ends because it took too long or waited for a lock,
  // leaves the session as it was: what one table has must not keep others from theirs.
  return session_->Usable() ? Fail(table.error()) : Failed(table.error());
}

}  // namespace erpnext
