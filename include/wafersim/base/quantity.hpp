// Numbers with units: they never mix, never convert silently, never go negative and never wrap around.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <stdexcept>

namespace wafersim {

// Thrown when a quantity leaves the range that 64 bits can hold; user input can reach it only through
// a run that is absurdly long or large, and the message says so.
class QuantityOverflow : public std::overflow_error {
 public:
  using std::overflow_error::overflow_error;
};

template <class Tag>
class Quantity {
 public:
  using Rep = std::uint64_t;

  constexpr Quantity() = default;
  explicit constexpr Quantity(Rep count) : count_{count} {}
  [[nodiscard]] constexpr Rep count() const { return count_; }
  [[nodiscard]] static constexpr Quantity max() { return Quantity{std::numeric_limits<Rep>::max()}; }

  constexpr Quantity& operator+=(Quantity other) {
    if (__builtin_add_overflow(count_, other.count_, &count_))
      throw QuantityOverflow{"a sum exceeds 64 bits"};
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    if (other.count_ > count_) throw QuantityOverflow{"a quantity would become negative"};
    count_ -= other.count_;
    return *this;
  }
  constexpr Quantity& operator*=(Rep factor) {
    if (__builtin_mul_overflow(count_, factor, &count_)) throw QuantityOverflow{"a product exceeds 64 bits"};
    return *this;
  }

  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return a += b; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return a -= b; }
  friend constexpr Quantity operator*(Quantity a, Rep factor) { return a *= factor; }
  friend constexpr Quantity operator*(Rep factor, Quantity a) { return a *= factor; }
  friend constexpr Rep operator/(Quantity a, Quantity b) { return a.count_ / b.count_; }

 private:
  Rep count_{};
};

using Cycles = Quantity<struct CyclesTag>;            // of the wafer's clock
using Picoseconds = Quantity<struct PicosecondsTag>;  // of the whole system
using Bytes = Quantity<struct BytesTag>;
using BytesPerSecond = Quantity<struct BytesPerSecondTag>;
using Hertz = Quantity<struct HertzTag>;

namespace literals {
constexpr Cycles operator""_cyc(unsigned long long n) {
  return Cycles{n};
}
constexpr Picoseconds operator""_ps(unsigned long long n) {
  return Picoseconds{n};
}
constexpr Picoseconds operator""_ns(unsigned long long n) {
  return Picoseconds{n * 1000};
}
constexpr Picoseconds operator""_us(unsigned long long n) {
  return Picoseconds{n * 1'000'000};
}
constexpr Bytes operator""_B(unsigned long long n) {
  return Bytes{n};
}
constexpr Bytes operator""_KiB(unsigned long long n) {
  return Bytes{n << 10U};
}
constexpr Bytes operator""_MiB(unsigned long long n) {
  return Bytes{n << 20U};
}
constexpr Bytes operator""_GiB(unsigned long long n) {
  return Bytes{n << 30U};
}
constexpr BytesPerSecond operator""_Bps(unsigned long long n) {
  return BytesPerSecond{n};
}
constexpr BytesPerSecond operator""_GBps(unsigned long long n) {
  return BytesPerSecond{n * 1'000'000'000};
}
constexpr Hertz operator""_MHz(unsigned long long n) {
  return Hertz{n * 1'000'000};
}
constexpr Hertz operator""_GHz(unsigned long long n) {
  return Hertz{n * 1'000'000'000};
}
}  // namespace literals

}  // namespace wafersim
