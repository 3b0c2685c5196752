// The devices on one DRAM channel: which command may be given when, and what it forbids afterwards.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "wafersim/config/machine_spec.hpp"

namespace wafersim {

// A bank of a channel.
struct DramBank {
  std::uint64_t rank{};
  std::uint64_t group{};  // of the rank
  std::uint64_t bank{};   // of the group
};

// Every time is in clocks of the channel. A command may be given at or after the time that its first_...
// function says; giving it earlier breaks the device, so callers ask first. Commands need not be given in the
// order of their times: a gate depends only on earlier commands of the kinds that close it.
class DramChannel {
 public:
  explicit DramChannel(const DramSpec& spec);

  [[nodiscard]] std::uint64_t first_activate(const DramBank& at) const;
  [[nodiscard]] std::uint64_t first_precharge(const DramBank& at) const;
  [[nodiscard]] std::uint64_t first_read(const DramBank& at) const;
  [[nodiscard]] std::uint64_t first_write(const DramBank& at) const;
  // When every bank of the channel may be refreshed, if those that are open are precharged as soon as they
  // may be.
  [[nodiscard]] std::uint64_t first_refresh() const;

  void activate(const DramBank& at, std::uint64_t time);
  void precharge(const DramBank& at, std::uint64_t time);
  void read(const DramBank& at, std::uint64_t time);
  void write(const DramBank& at, std::uint64_t time);
  // Closes every bank and refreshes all of them, in every rank.
  void refresh(std::uint64_t time);

  [[nodiscard]] bool is_open(const DramBank& at) const { return banks_[index(at)].open; }

  // Clocks that the data of one burst take on the bus.
  [[nodiscard]] std::uint64_t burst() const { return burst_; }

 private:
  // The first times that this part of the channel allows.
  struct Gates {
    std::uint64_t activate{};
    std::uint64_t precharge{};
    std::uint64_t read{};
    std::uint64_t write{};
  };
  struct Bank {
    Gates first;
    bool open{false};
  };
  struct Rank {
    Gates first;
    std::array<std::uint64_t, 4> faw{};  // when the activate after the next, … is allowed by tFAW
    std::size_t oldest{};                // of them
  };

  [[nodiscard]] std::size_t group_index(const DramBank& at) const {
    return at.rank * spec_.bank_groups + at.group;
  }
  [[nodiscard]] std::size_t index(const DramBank& at) const {
    return group_index(at) * spec_.banks + at.bank;
  }

  DramSpec spec_;
  std::uint64_t burst_;
  std::vector<Bank> banks_;
  std::vector<Gates> groups_;
  std::vector<Rank> ranks_;
};

}  // namespace wafersim
