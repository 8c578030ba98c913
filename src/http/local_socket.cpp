#include "http/local_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.hpp"

namespace sonde::http {
namespace {

[[noreturn]] void refuse_socket(const std::string& path, const std::string& words) {
  throw HttpError(HttpError::Kind::Unreachable, concat("cannot listen at ", path, ": ", words));
}

sockaddr_un address_of_file(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    refuse_socket(path, concat("expected a path of 1 to ", sizeof address.sun_path - 1,
                               " bytes, got ", path.size()));
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Socket new_local_socket() {
  return Socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// What a server that has ended left behind goes away; anything else stays.
void remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return;
  if (!S_ISSOCK(facts.st_mode)) refuse_socket(path, "there is a file that is no socket");
  const Socket guest = new_local_socket();
  const auto* bytes = reinterpret_cast<const sockaddr*>(&address);
  const bool refused =
      guest && ::connect(guest.number(), bytes, sizeof address) != 0 && errno == ECONNREFUSED;
  if (!refused) refuse_socket(path, "a server listens there");
  ::unlink(path.c_str());
}

std::shared_ptr<const void> removed_at_its_end(const std::string& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return nullptr;
  const auto remove = [path, facts](const void*) {
    struct stat now {};
    const bool same = ::lstat(path.c_str(), &now) == 0 && now.st_dev == facts.st_dev &&
                      now.st_ino == facts.st_ino;
    if (same) ::unlink(path.c_str());
  };
  static constexpr char token = 0;
  return {&token, remove};
}

}  // namespace

LocalSocket listening_at_file(const std::string& path) {
  constexpr int backlog_here = 128;
  const sockaddr_un address = address_of_file(path);
  remove_stale(path, address);
  LocalSocket local{.listening = new_local_socket()};
  const auto* bytes = reinterpret_cast<const sockaddr*>(&address);
  if (!local.listening || ::bind(local.listening.number(), bytes, sizeof address) != 0)
    refuse_socket(path, std::strerror(errno));
  local.file = removed_at_its_end(path);
  // Nobody comes in before it listens.
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 ||
      ::listen(local.listening.number(), backlog_here) != 0)
    refuse_socket(path, std::strerror(errno));
  return local;
}

}  // namespace sonde::http
