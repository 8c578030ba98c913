#include "http/message.hpp"

#include <algorithm>
#include <charconv>

namespace sonde::http {
namespace {

constexpr std::size_t longest_url = 2000;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool alike(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string quoted(std::string_view text) {
  std::string words = "'";
  for (const char c : text.substr(0, 200)) words += c > ' ' && c < 127 ? c : '?';
  return words + "'";
}

std::uint16_t port_of(std::string_view text, std::string_view url) {
  unsigned port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  require(problem == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535,
          "expected a port from 1 to 65535, got ", quoted(text), " in ", quoted(url));
  return static_cast<std::uint16_t>(port);
}

// "host", "host:port", "[::1]:port"
void split_authority(std::string_view authority, std::string_view text, Url& url) {
  std::size_t end = authority.find(':');
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    require(bracket != std::string_view::npos, "expected ']' after an IPv6 address, got ",
            quoted(text));
    url.host = authority.substr(1, bracket - 1);
    end = bracket + 1;
    require(end == authority.size() || authority[end] == ':',
            "expected ':' and a port after ']', got ", quoted(text));
    if (end == authority.size()) end = std::string_view::npos;
  } else {
    url.host = authority.substr(0, end);
  }
  require(!url.host.empty(), "expected the name of a host, got ", quoted(text));
  if (end != std::string_view::npos) url.port = port_of(authority.substr(end + 1), text);
}

}  // namespace

std::string Url::authority() const {
  const bool six = host.find(':') != std::string::npos;
  return (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Url::text() const {
  return "http://" + authority() + base;
}

Url parsed_url(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  require(text.size() <= longest_url, "expected an address of at most ", longest_url,
          " characters, got ", text.size());
  const bool clean =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
  require(clean, "expected an address without blanks and control characters, got ", quoted(text));
  require(
      !alike(text.substr(0, 8), "https://"), quoted(text),
      " is encrypted, which is not spoken here. Give an http:// address, for a server elsewhere "
      "that of a tunnel (ssh -L)");
  require(alike(text.substr(0, scheme.size()), scheme),
          "expected an address such as 'http://127.0.0.1:4242', got ", quoted(text));
  const std::string_view rest = text.substr(scheme.size());
  require(rest.find_first_of("?#@\\\"<>") == std::string_view::npos,
          "expected an address of host, port and folder alone, got ", quoted(text));
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  Url url;
  split_authority(rest.substr(0, slash), text, url);
  url.base = rest.substr(slash);
  while (url.base.ends_with('/')) url.base.pop_back();
  return url;
}

std::string_view header(const Headers& headers, std::string_view name) {
  for (const auto& [known, value] : headers) {
    if (alike(known, name)) return value;
  }
  return {};
}

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

}  // namespace sonde::http
