#include "sonde/base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <vector>

#ifdef SONDE_OPENMP
#include <omp.h>
#else
#include <thread>
#endif

namespace sonde {
namespace {

// The body with every exception kept in a place of its own.
class Guarded {
 public:
  Guarded(Index n, const std::function<void(Index)>& body)
      : body_(body), failures_(static_cast<std::size_t>(n)) {}

  void operator()(Index i) noexcept {
    try {
      body_(i);
    } catch (...) {
      failures_[static_cast<std::size_t>(i)] = std::current_exception();
    }
  }

  void rethrow_first() const {
    for (const std::exception_ptr& failure : failures_) {
      if (failure) std::rethrow_exception(failure);
    }
  }

 private:
  const std::function<void(Index)>& body_;
  std::vector<std::exception_ptr> failures_;
};

}  // namespace

void parallel_for(Index n, int threads, const std::function<void(Index)>& body) {
  if (n <= 0) return;
  Guarded guarded(n, body);
  const int team = static_cast<int>(std::min<Index>(std::max(threads, 1), n));
  if (team == 1) {
    for (Index i = 0; i < n; ++i) guarded(i);
    guarded.rethrow_first();
    return;
  }
#ifdef SONDE_OPENMP
#pragma omp parallel for num_threads(team) schedule(dynamic, 1)
  for (Index i = 0; i < n; ++i) guarded(i);
#else
  std::atomic<Index> next{0};
  const auto work = [&] {
    for (Index i = next++; i < n; i = next++) guarded(i);
  };
  std::vector<std::jthread> others;
  for (int t = 1; t < team; ++t) others.emplace_back(work);
  work();
  others.clear();
#endif
  guarded.rethrow_first();
}

}  // namespace sonde
