// Keeps the first exception of a simulation: nothing may be thrown through the SystemC kernel.
#pragma once

#include <exception>
#include <systemc>
#include <utility>

namespace wafersim {

class Faults {
 public:
  // Runs the body of a process; on an exception keeps it and stops the simulation.
  template <class Body>
  void guard(Body&& body) noexcept {
    if (first_) return;
    try {
      std::forward<Body>(body)();
    } catch (...) {  // whatever it is, it is thrown again by rethrow_if_any()
      first_ = std::current_exception();
      sc_core::sc_stop();
    }
  }
  void rethrow_if_any() const {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  std::exception_ptr first_;
};

}  // namespace wafersim
