#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "http/client.hpp"
#include "http/server.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/temporary_directory.hpp"

namespace sonde::http {
namespace {

using testing_support::contains;
using testing_support::message_of;

constexpr double long_enough = 60.0;  // s

// A server in this process, ended with it.
class Running {
 public:
  explicit Running(Handler handler, ServerOptions options = {})
      : server_(std::move(options), std::move(handler)),
        thread_([this](std::stop_token stop) { server_.serve(std::move(stop)); }) {}

  Url url() const { return {.host = "127.0.0.1", .port = server_.port()}; }

 private:
  Server server_;
  std::jthread thread_;
};

Response echo(const Request& request) {
  return {.status = 200, .body = request.method + " " + request.path + " " + request.body};
}

Request post(const std::string& path, const std::string& body) {
  return {.method = "POST", .path = path, .body = body};
}

HttpError::Kind kind_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const HttpError& failure) {
    return failure.kind();
  }
  FAIL("nothing was thrown");
  return HttpError::Kind::Stopped;
}

TEST_CASE("what is sent is what arrives, on one connection after the other and on the same") {
  const Running running(echo);
  Client client(running.url());
  for (const std::size_t size : {0u, 1u, 1000u, 1000000u}) {
    const std::string body(size, 'x');
    CHECK(client.ask(post("/a", body), long_enough, {}).body == "POST /a " + body);
  }
  CHECK(client.ask({.method = "GET", .path = "/b?c=d"}, long_enough, {}).body == "GET /b ");
  CHECK(client.ask({.method = "HEAD", .path = "/b"}, long_enough, {}).body.empty());
  Client other(running.url());
  CHECK(other.ask(post("/a", "y"), long_enough, {}).body == "POST /a y");
  CHECK(client.ask(post("/a", "z"), long_enough, {}).body == "POST /a z");
}

TEST_CASE("a body beyond the server's bound is answered, and the next request is taken") {
  const Running running(echo, {.limits = {.body = 1000}});
  Client client(running.url());
  CHECK(client.ask(post("/", std::string(1001, 'x')), long_enough, {}).status == 413);
  CHECK(client.ask(post("/", std::string(1000, 'x')), long_enough, {}).status == 200);
}

TEST_CASE("an answer beyond the client's bound is refused, and the next question is answered") {
  const Running running([](const Request& request) {
    return Response{.body = std::string(request.path == "/long" ? 2000 : 10, 'x')};
  });
  Client client(running.url(), {.body = 1000});
  CHECK(kind_of([&] { client.ask({.path = "/long"}, long_enough, {}); }) ==
        HttpError::Kind::TooLarge);
  CHECK(client.ask({.path = "/short"}, long_enough, {}).body == "xxxxxxxxxx");
}

TEST_CASE("what a handler throws is an answer") {
  const Running running([](const Request&) -> Response { throw Error("out of order"); });
  Client client(running.url());
  const Response response = client.ask({}, long_enough, {});
  CHECK(response.status == 500);
  CHECK(contains(response.body, "out of order"));
}

TEST_CASE("an answer that does not come is a timeout, one that is called off ends at once") {
  std::atomic<bool> release = false;
  const Running running([&](const Request&) {
    release.wait(false);
    return Response{};
  });
  Client client(running.url());
  CHECK(kind_of([&] { client.ask({}, 0.05, {}); }) == HttpError::Kind::TimedOut);
  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  CHECK(kind_of([&] { client.ask({}, 1e300, source.get_token()); }) == HttpError::Kind::Stopped);
  release = true;
  release.notify_all();
}

// What a server at a file says to one request; empty where none listens.
std::string asked_at_file(const std::string& path, const std::string& request) {
  const Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* bytes = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.number(), bytes, sizeof address) != 0) return "";
  if (::send(socket.number(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return "";
  std::string text;
  char part[512];
  for (ssize_t got = 0; (got = ::recv(socket.number(), part, sizeof part, 0)) > 0;)
    text.append(part, static_cast<std::size_t>(got));
  return text;
}

TEST_CASE("a server listens at a file that its owner alone may open, and takes it away") {
  namespace fs = std::filesystem;
  const testing_support::TemporaryDirectory folder;
  const std::string path = (folder.path() / "socket").string();
  const std::string question = "GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  {
    const Running running(echo, {.socket = path});
    CHECK(fs::is_socket(path));
    CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
    CHECK(contains(asked_at_file(path, question), "GET /a "));
    // Of a page that was sent there by a name of its own.
    CHECK(contains(asked_at_file(path,
                                 "GET /a HTTP/1.1\r\nHost: evil.example\r\n"
                                 "Connection: close\r\n\r\n"),
                   "403"));
    CHECK(contains(message_of<HttpError>([&] { Running(echo, {.socket = path}); }),
                   "a server listens there"));
    CHECK(contains(asked_at_file(path, question), "GET /a "));
  }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("a socket that a server has left behind is replaced, another file is not") {
  namespace fs = std::filesystem;
  const testing_support::TemporaryDirectory folder;
  const std::string path = (folder.path() / "socket").string();
  {
    const Socket left(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(left.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
            0);
  }
  REQUIRE(fs::is_socket(path));
  {
    const Running running(echo, {.socket = path});
    CHECK(contains(
        asked_at_file(path, "GET /b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
        "GET /b "));
  }
  std::ofstream(path) << "notes";
  CHECK(contains(message_of<HttpError>([&] { Running(echo, {.socket = path}); }),
                 "a file that is no socket"));
  CHECK(fs::file_size(path) == 5);
  CHECK(contains(message_of<HttpError>([] { Running(echo, {.socket = std::string(200, 'x')}); }),
                 "expected a path of 1 to 107 bytes, got 200"));
}

TEST_CASE("where nobody listens nothing was asked") {
  std::uint16_t port = 0;
  {
    const Running running(echo);
    port = running.url().port;
  }
  Client client({.host = "127.0.0.1", .port = port});
  CHECK(kind_of([&] { client.ask({}, long_enough, {}); }) == HttpError::Kind::Unreachable);
}

TEST_CASE("a kept connection that the server has closed is replaced") {
  auto first = std::make_unique<Running>(echo);
  const Url url = first->url();
  Client client(url);
  CHECK(client.ask({}, long_enough, {}).status == 200);
  first.reset();
  const Running second(echo, {.port = url.port});
  CHECK(client.ask({}, long_enough, {}).status == 200);
}

TEST_CASE("more connections than a server may have are told so") {
  std::atomic<bool> release = false;
  const Running running(
      [&](const Request& request) {
        if (request.path == "/wait") release.wait(false);
        return Response{};
      },
      {.connections = 1});
  Client first(running.url());
  CHECK(first.ask({}, long_enough, {}).status == 200);  // and stays connected
  Client second(running.url());
  CHECK(second.ask({}, long_enough, {}).status == 503);
  release = true;
  release.notify_all();
}

TEST_CASE("a request that comes too slowly is not waited for") {
  const Running running(echo, {.request_seconds = 0.05});
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(running.url().port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(socket.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  Stream stream(std::move(socket));
  const StopSignal never({});
  stream.until(after(long_enough), never);
  stream.write("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n{");
  CHECK(stream.line(1000) == "HTTP/1.1 408 Request Timeout");
}

TEST_CASE("a port that is taken cannot be listened at") {
  const Running running(echo);
  CHECK(contains(message_of<HttpError>([&] { Server({.port = running.url().port}, echo); }),
                 "cannot listen at 127.0.0.1"));
  CHECK(contains(message_of<HttpError>([] { Server({.host = "no.such.host.invalid"}, echo); }),
                 "is not known"));
}

TEST_CASE("only what listens beyond the loopback is public") {
  CHECK(!Server({}, echo).is_public());
  CHECK(!Server({.host = "localhost"}, echo).is_public());
  CHECK(Server({.host = "0.0.0.0"}, echo).is_public());
}

}  // namespace
}  // namespace sonde::http
