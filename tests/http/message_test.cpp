#include "http/message.hpp"

#include "support/catch.hpp"
#include "support/matchers.hpp"

namespace sonde::http {
namespace {

using testing_support::contains;
using testing_support::message_of;

std::string refusal(const std::string& url) {
  return message_of<ArgumentError>([&] { parsed_url(url); });
}

TEST_CASE("an address is a host, a port and a folder") {
  const Url plain = parsed_url("http://127.0.0.1:4242");
  CHECK(plain.host == "127.0.0.1");
  CHECK(plain.port == 4242);
  CHECK(plain.text() == "http://127.0.0.1:4242");
  const Url folder = parsed_url("HTTP://cluster.example/models/one/");
  CHECK(folder.host == "cluster.example");
  CHECK(folder.port == 80);
  CHECK(folder.text() == "http://cluster.example:80/models/one");
  const Url six = parsed_url("http://[::1]:8080/");
  CHECK(six.host == "::1");
  CHECK(six.text() == "http://[::1]:8080");
  CHECK(parsed_url("http://[::1]").port == 80);
}

TEST_CASE("what is no address is refused with what is wrong with it") {
  CHECK(contains(refusal("https://a"), "is encrypted"));
  CHECK(contains(refusal("127.0.0.1:4242"), "expected an address such as"));
  CHECK(contains(refusal("http://"), "the name of a host"));
  CHECK(contains(refusal("http://:80"), "the name of a host"));
  for (const char* port : {"0", "65536", "x", "", "-1", "80x", "99999999999999999999"})
    CHECK(contains(refusal(std::string("http://a:") + port), "a port from 1 to 65535"));
  for (const char* url : {"http://u:p@h", "http://h?x=1", "http://h#a", "http://h/\"x"})
    CHECK(contains(refusal(url), "host, port and folder alone"));
  for (const char* url : {"http://a b", "http://a\r\nX: y", "http://\xc3\xa9"})
    CHECK(contains(refusal(url), "without blanks and control characters"));
  CHECK(contains(refusal("http://[::1"), "expected ']'"));
  CHECK(contains(refusal("http://[::1]x"), "expected ':'"));
  CHECK(contains(refusal("http://" + std::string(3000, 'a')), "at most 2000 characters"));
}

TEST_CASE("headers are found whatever their case") {
  const Headers headers{{"Content-Type", "a"}, {"content-type", "b"}, {"Empty", ""}};
  CHECK(header(headers, "CONTENT-TYPE") == "a");
  CHECK(header(headers, "Empty").empty());
  CHECK(header(headers, "Absent").empty());
}

}  // namespace
}  // namespace sonde::http
