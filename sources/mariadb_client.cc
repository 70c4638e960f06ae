// SPDX-License-Identifier: Apache-2.0
// Connector/C through its non-blocking calls: its own timeouts restart with each byte, so a server
// that drips would hold us for ever.
#include "sources/mariadb_client.h"

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <utility>

#include "core/text.h"

namespace erpnext {
namespace {

constexpr std::size_t kMaxBytes = 32U << 20;
constexpr std::size_t kMaxRows = 200'000;
constexpr unsigned long kMaxPacket = 16UL << 20;

// Shows in the server's process list and slow log whose statement it is.
constexpr std::string_view kTag = "/* erpnext-exporter */ ";

constexpr std::string_view kSessionSettings[] = {
    "SET SESSION max_statement_time=5, lock_wait_timeout=1, innodb_lock_wait_timeout=1, "
    "autocommit=1",
    "SET SESSION TRANSACTION READ ONLY",
};

// With TLS demanded, an error packet that comes before the handshake is wrapped into a text that
// ends "cannot be verified: 1040 - Too many connections".
std::optional<unsigned> WrappedError(std::string_view message) {
  constexpr std::string_view kMark = "be verified: ";
  const std::size_t mark = message.find(kMark);
  if (mark == std::string_view::npos) return std::nullopt;
  message.remove_prefix(mark + kMark.size());
  return ParseNumber<unsigned>(message.substr(0, message.find(' ')));
}

// "Can't connect to server on 'h' (111)": the library keeps errno only in its text.
int SystemError(std::string_view message) {
  const std::size_t open = message.rfind('(');
  const std::size_t close = message.find_first_not_of("0123456789", open + 1);
  if (open == std::string_view::npos || close == std::string_view::npos) return 0;
  return ParseNumber<int>(message.substr(open + 1, close - open - 1)).value_or(0);
}

ErrorKind ConnectErrorKind(int system_error) {
  switch (system_error) {
    case ECONNREFUSED: return ErrorKind::kRefused;
    case EACCES:
    case EPERM: return ErrorKind::kPermission;
    case ETIMEDOUT:
    case EAGAIN: return ErrorKind::kTimeout;
    default: return ErrorKind::kUnavailable;
  }
}

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

// The library reports a peer that speaks another protocol as a lost connection (2013), as if it
// had gone away. So the first bytes are looked at before the library reads them: length, sequence
// number 0, then protocol version 9 or 10, or 0xFF of an error packet. True when they are those of
// a database server, or when the peer has closed, which the library reports rightly.
Result<bool> LooksLikeGreeting(int fd, Deadline deadline) {
  constexpr std::size_t kWanted = 5;
  constexpr std::size_t kLongestGreeting = 4096;
  const auto wait_for_bytes = [&](int count) {
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &count, sizeof count);
  };
  wait_for_bytes(kWanted);
  pollfd waiting{fd, POLLIN, 0};
  const int ready = poll(&waiting, 1, deadline.RemainingMillis());
  wait_for_bytes(1);
  if (ready == 0) return Fail(ErrorKind::kTimeout, "no greeting in time");
  std::uint8_t head[kWanted]{};
  const ssize_t got = recv(fd, head, sizeof head, MSG_PEEK);
  if (got < static_cast<ssize_t>(kWanted)) return true;
  const std::size_t length = head[0] + (head[1] << 8U) + (head[2] << 16U);
  return length <= kLongestGreeting && head[3] == 0 &&
         (head[4] == 9 || head[4] == 10 || head[4] == 0xFF);
}

tl::unexpected<Error> TimedOut() { return Fail(ErrorKind::kTimeout, "no answer in time"); }

// The server's own text is not passed on: it may quote names and values.
tl::unexpected<Error> Failure(MYSQL* mysql) {
  const unsigned number = mysql_errno(mysql);
  if (number == CR_SSL_CONNECTION_ERROR) {  // the text is the library's
    return Fail(MariadbErrorKind(number, mysql_error(mysql)), "{}; see mariadb.tls-ca-file",
                mysql_error(mysql));
  }
  const ErrorKind kind = MariadbErrorKind(number, mysql_error(mysql));
  return Fail(kind, "{} (error {})", ErrorKindName(kind), number);
}

}  // namespace

ErrorKind MariadbErrorKind(unsigned number, std::string_view message) {
  switch (number) {
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
      if (const auto wrapped = WrappedError(message)) return MariadbErrorKind(*wrapped, "");
      return ConnectErrorKind(SystemError(message));
    // A certificate that is not trusted, or another reason why there was no handshake.
    case CR_SSL_CONNECTION_ERROR:
      return message.find("certificate") != std::string_view::npos ? ErrorKind::kPermission
                                                                   : ErrorKind::kProtocol;
    case CR_UNKNOWN_HOST:
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case ER_SERVER_SHUTDOWN:
    case ER_CONNECTION_KILLED: return ErrorKind::kUnavailable;
    case ER_ACCESS_DENIED_ERROR:
    case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
    case ER_SPECIFIC_ACCESS_DENIED_ERROR:
    case ER_HOST_IS_BLOCKED:
    case ER_HOST_NOT_PRIVILEGED:
    case ER_MUST_CHANGE_PASSWORD:
    case ER_MUST_CHANGE_PASSWORD_LOGIN:
    case ER_ACCOUNT_HAS_BEEN_LOCKED:
    case CR_AUTH_PLUGIN_CANNOT_LOAD:
    case CR_AUTH_PLUGIN_ERR:
    case CR_PLUGIN_NOT_ALLOWED: return ErrorKind::kPermission;
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_USER_LIMIT_REACHED: return ErrorKind::kLimit;
    case ER_STATEMENT_TIMEOUT:
    case ER_QUERY_INTERRUPTED:
    case ER_LOCK_WAIT_TIMEOUT: return ErrorKind::kTimeout;
    case ER_NO_SUCH_TABLE:
    case ER_BAD_FIELD_ERROR:
    case ER_BAD_DB_ERROR:
    case ER_UNKNOWN_TABLE:
    case ER_UNKNOWN_SYSTEM_VARIABLE:
    case ER_PARSE_ERROR: return ErrorKind::kUnsupported;
    default: return ErrorKind::kProtocol;
  }
}

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
      // A server that was fast is greeted already: what comes next are its answers to our login.
      const bool greeted = mysql_get_server_info(mysql_) != nullptr;
      if (!checked && !greeted && (ready & MYSQL_WAIT_READ) != 0) {
        checked = true;
        greeting = CheckGreeting(deadline);
        if (!greeting) return 0;
      }
      return mysql_real_connect_cont(&connected, mysql_, ready);
    };
    if (!Waiting(mysql_, deadline).Finish(start, go_on)) return TimedOut();
    if (!greeting) return greeting;
    if (connected == nullptr) return Failure(mysql_);
    for (std::string_view setting : kSessionSettings) {
      if (auto done = Run(setting, deadline); !done) return Fail(done.error());
    }
    return {};
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
  // A statement that the server refuses leaves the session as it was.
  if (table.error().kind == ErrorKind::kPermission ||
      table.error().kind == ErrorKind::kUnsupported) {
    return Fail(table.error());
  }
  return Failed(table.error());
}

Result<std::unique_ptr<MariadbClient>> MariadbSessions::Take(Deadline deadline) {
  std::unique_lock lock(mutex_);
  if (!freed_.wait_until(lock, deadline.at(), [&] { return out_ < kMaxSessions; })) {
    return Fail(ErrorKind::kTimeout, "MariaDB at {}: both sessions are busy",
                options_.address.Text());
  }
  ++out_;
  if (idle_.empty()) return std::make_unique<MariadbClient>(options_);
  auto client = std::move(idle_.back());
  idle_.pop_back();
  return client;
}

void MariadbSessions::PutBack(std::unique_ptr<MariadbClient> client) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(client));
  --out_;
  freed_.notify_one();
}

Result<MariadbTable> MariadbSessions::Query(std::string_view statement, Deadline deadline) {
  auto client = Take(deadline);
  if (!client) return Fail(client.error());
  auto table = (*client)->Query(statement, deadline);
  PutBack(std::move(*client));
  return table;
}

}  // namespace erpnext
