// How the vector of a collective lies in memory and travels.
#pragma once

#include <functional>

#include "wafersim/kernel/mesh/collective.hpp"

namespace wafersim {

using Words = std::vector<std::uint32_t>;

// Whole wavelets: an odd FP16 vector ends with a zero. A mixed vector lies as FP16 behind the place for its
// FP32 form, into which each PE widens it first.
class VectorFormat {
 public:
  explicit VectorFormat(const CollectiveRequest& request)
      : length_{request.length}, precision_{request.precision}, parameters_{request.parameters} {}

  // Of what is added up and travels.
  [[nodiscard]] Precision sums() const { return widens() ? Precision::f32 : precision_; }
  [[nodiscard]] std::uint32_t words() const { return sums() == Precision::f16 ? (length_ + 1) / 2 : length_; }
  [[nodiscard]] std::uint32_t elements_of(std::uint32_t words) const {
    return sums() == Precision::f16 ? 2 * words : words;
  }
  [[nodiscard]] bool widens() const { return precision_ == Precision::mixed; }
  [[nodiscard]] VectorInstruction widening() const;
  // What that adds to each program's start.
  [[nodiscard]] CycleShares widening_cycles() const;

  [[nodiscard]] std::uint64_t memory_bytes() const;
  // What a PE's memory holds at the start, and where.
  [[nodiscard]] std::uint32_t initial_address() const { return widens() ? 4 * words() : 0; }
  [[nodiscard]] Words initial_words(PeAt at) const;

  // An element as it is added up: FP32 or FP16 bits; zero behind the end.
  [[nodiscard]] std::uint32_t initial_element(PeAt at, std::uint32_t k) const;
  [[nodiscard]] std::uint32_t add(std::uint32_t own, std::uint32_t received) const;
  // Elements of a vector into its words, and back.
  [[nodiscard]] Words packed(const std::function<std::uint32_t(std::uint32_t k)>& element) const;
  [[nodiscard]] std::uint32_t element(const Words& words, std::uint32_t k) const;

 private:
  std::uint32_t length_;
  Precision precision_;
  MeshParameters parameters_;
};

}  // namespace wafersim
