// Each command pushes the gates that it closes; source of every rule: JESD79-4 (DDR4), JESD79-5 (DDR5).
#include "wafersim/memoryx/dram_channel.hpp"

#include <algorithm>

namespace wafersim {

namespace {

void push(std::uint64_t& gate, std::uint64_t to) {
  gate = std::max(gate, to);
}

// a - b, or nothing if b is larger.
std::uint64_t less(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

}  // namespace

DramChannel::DramChannel(const DramSpec& spec)
    : spec_{spec},
      burst_{spec.burst_length / 2},
      banks_(spec.ranks * spec.bank_groups * spec.banks),
      groups_(spec.ranks * spec.bank_groups),
      ranks_(spec.ranks) {
}

std::uint64_t DramChannel::first_activate(const DramBank& at) const {
  const Rank& rank = ranks_[at.rank];
  return std::max({banks_[index(at)].first.activate, groups_[group_index(at)].activate, rank.first.activate,
                   rank.faw[rank.oldest]});
}

std::uint64_t DramChannel::first_precharge(const DramBank& at) const {
  return banks_[index(at)].first.precharge;
}

std::uint64_t DramChannel::first_read(const DramBank& at) const {
  return std::max({banks_[index(at)].first.read, groups_[group_index(at)].read, ranks_[at.rank].first.read});
}

std::uint64_t DramChannel::first_write(const DramBank& at) const {
  return std::max(
      {banks_[index(at)].first.write, groups_[group_index(at)].write, ranks_[at.rank].first.write});
}

std::uint64_t DramChannel::first_refresh() const {
  std::uint64_t first = 0;
  for (const Bank& bank : banks_) {
    first = std::max({first, bank.first.activate, bank.open ? bank.first.precharge + spec_.timing.rp : 0});
  }
  return first;
}

void DramChannel::activate(const DramBank& at, std::uint64_t time) {
  const DramTimingSpec& t = spec_.timing;
  Bank& bank = banks_[index(at)];
  bank.open = true;
  push(bank.first.activate, time + t.rc);
  push(bank.first.precharge, time + t.ras);
  push(bank.first.read, time + t.rcd);
  push(bank.first.write, time + t.rcd);
  push(groups_[group_index(at)].activate, time + t.rrd_l);
  Rank& rank = ranks_[at.rank];
  push(rank.first.activate, time + t.rrd_s);
  rank.faw[rank.oldest] = time + t.faw;
  rank.oldest = (rank.oldest + 1) % rank.faw.size();
}

void DramChannel::precharge(const DramBank& at, std::uint64_t time) {
  Bank& bank = banks_[index(at)];
  bank.open = false;
  push(bank.first.activate, time + spec_.timing.rp);
}

void DramChannel::read(const DramBank& at, std::uint64_t time) {
  const DramTimingSpec& t = spec_.timing;
  push(banks_[index(at)].first.precharge, time + t.rtp);
  push(groups_[group_index(at)].read, time + t.ccd_l);
  const std::uint64_t data_end = time + t.cl + burst_;
  for (std::uint64_t rank = 0; rank < spec_.ranks; ++rank) {
    Gates& first = ranks_[rank].first;
    const bool same = rank == at.rank;
    push(first.read, time + (same ? std::max(t.ccd_s, burst_) : burst_ + t.rank_switch));
    push(first.write,
         less(data_end + (same ? t.read_to_write : std::max(t.read_to_write, t.rank_switch)), t.cwl));
  }
}

void DramChannel::write(const DramBank& at, std::uint64_t time) {
  const DramTimingSpec& t = spec_.timing;
  const std::uint64_t data_end = time + t.cwl + burst_;
  push(banks_[index(at)].first.precharge, data_end + t.wr);
  push(groups_[group_index(at)].write, time + t.ccd_l_wr);
  push(groups_[group_index(at)].read, data_end + t.wtr_l);
  for (std::uint64_t rank = 0; rank < spec_.ranks; ++rank) {
    Gates& first = ranks_[rank].first;
    const bool same = rank == at.rank;
    push(first.write, time + (same ? std::max(t.ccd_s, burst_) : burst_ + t.rank_switch));
    push(first.read, same ? data_end + t.wtr_s : less(data_end + t.rank_switch, t.cl));
  }
}

void DramChannel::refresh(std::uint64_t time) {
  for (Bank& bank : banks_) {
    bank.open = false;
    push(bank.first.activate, time + spec_.timing.rfc);
  }
}

}  // namespace wafersim
