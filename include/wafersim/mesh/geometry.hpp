// Where things are on the grid: PEs, rectangles of PEs, and the five ports of a router.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace wafersim {

// One PE: column counted from the west, row counted from the north.
struct PeAt {
  std::uint32_t x{};
  std::uint32_t y{};
  friend auto operator<=>(PeAt, PeAt) = default;
};
[[nodiscard]] inline std::string to_string(PeAt at) {
  return "(" + std::to_string(at.x) + "," + std::to_string(at.y) + ")";
}

// A rectangle of PEs; with steps above one, every so-manieth of its columns or rows.
struct Rectangle {
  std::uint32_t x{};
  std::uint32_t y{};
  std::uint32_t width = 1;
  std::uint32_t height = 1;
  std::uint32_t step_x = 1;
  std::uint32_t step_y = 1;

  [[nodiscard]] static constexpr Rectangle pe(PeAt at) { return {.x = at.x, .y = at.y}; }
  [[nodiscard]] constexpr Rectangle every(std::uint32_t columns, std::uint32_t rows = 1) const {
    Rectangle result = *this;
    result.step_x = columns;
    result.step_y = rows;
    return result;
  }
};

enum class Port : std::uint8_t { north, south, east, west, ramp };
inline constexpr std::size_t kPorts = 5;
inline constexpr std::size_t kLinks = 4;
inline constexpr std::array kAllPorts{Port::north, Port::south, Port::east, Port::west, Port::ramp};

[[nodiscard]] constexpr std::size_t index_of(Port port) {
  return static_cast<std::size_t>(port);
}
[[nodiscard]] constexpr Port opposite(Port port) {
  switch (port) {
    case Port::north:
      return Port::south;
    case Port::south:
      return Port::north;
    case Port::east:
      return Port::west;
    case Port::west:
      return Port::east;
    case Port::ramp:
      return Port::ramp;
  }
  return Port::ramp;
}
[[nodiscard]] constexpr std::string_view name_of(Port port) {
  constexpr std::array<std::string_view, kPorts> kNames{"north", "south", "east", "west", "ramp"};
  return kNames[index_of(port)];
}

// A set of ports.
class Ports {
 public:
  constexpr Ports() = default;
  constexpr Ports(Port port) : bits_{static_cast<std::uint8_t>(1U << index_of(port))} {}
  [[nodiscard]] constexpr bool contains(Port port) const { return ((bits_ >> index_of(port)) & 1U) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr std::uint8_t bits() const { return bits_; }
  friend constexpr Ports operator|(Ports a, Ports b) {
    Ports both;
    both.bits_ = static_cast<std::uint8_t>(a.bits_ | b.bits_);
    return both;
  }
  friend bool operator==(Ports, Ports) = default;

 private:
  std::uint8_t bits_{};
};
constexpr Ports operator|(Port a, Port b) {
  return Ports{a} | Ports{b};
}

}  // namespace wafersim
