#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sonde/base/error.hpp"

/// HTTP/1.1 as UM-Bridge needs it: no encryption, no redirects, no proxies, everything bounded.
namespace sonde::http {

/// A conversation went wrong. What may be done about it depends on how.
class HttpError : public Error {
 public:
  enum class Kind {
    Unreachable,  ///< no connection: nothing was asked
    Lost,         ///< the connection ended before the whole answer was there
    TimedOut,     ///< no answer until the deadline
    Malformed,    ///< what came is no HTTP/1.1
    TooLarge,     ///< more than the limits allow
    Stopped       ///< called off
  };
  HttpError(Kind kind, const std::string& message) : Error(message), kind_(kind) {}
  Kind kind() const noexcept { return kind_; }

 private:
  Kind kind_;
};

/// `http://host[:port][/base]`, port 80 where none is given.
struct Url {
  std::string host;  ///< without the brackets of an IPv6 address
  std::uint16_t port = 80;
  std::string base{};  ///< "" or "/a/b", no slash at its end

  std::string authority() const;  ///< "host:port"
  std::string text() const;
};

/// \throws ArgumentError with what is wrong: https, a user's name, a query, no host, a port that
/// is none.
Url parsed_url(std::string_view text);

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The first value of that name, whatever its case; "" where there is none.
std::string_view header(const Headers& headers, std::string_view name);

struct Request {
  std::string method = "GET";
  std::string path = "/";
  std::string body{};
  Headers headers{};  ///< beyond those that the client writes by itself
};

struct Response {
  int status = 200;
  std::string body{};
  Headers headers{};
  std::string type = "application/json";  ///< of the body
};

std::string_view reason(int status);

}  // namespace sonde::http
