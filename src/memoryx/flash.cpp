// The equations of docs/components/memoryx.md, in integers.
#include "wafersim/memoryx/flash.hpp"

#include <algorithm>
#include <limits>

#include "wafersim/base/time.hpp"

namespace wafersim {

namespace {

// One page of every plane of a die.
Bytes stripe(const FlashSpec& flash) {
  return flash.page * flash.planes;
}

Picoseconds transfer(const FlashSpec& flash) {
  return transfer_time(stripe(flash), flash.channel_rate);
}

BytesPerSecond all_channels(const FlashSpec& flash) {
  return flash.channel_rate * flash.channels;
}

// Bytes a second of all dies, if each takes so many picoseconds (times 10^9) for a stripe.
BytesPerSecond all_dies(const FlashSpec& flash, Wide billionths_of_picoseconds) {
  const Wide stripes = Wide{flash.channels} * flash.dies * stripe(flash).count();
  return BytesPerSecond{narrow(stripes * kPicosecondsPerSecond * Fraction::kOne / billionths_of_picoseconds)};
}

// A part of a rate, rounded down but never to nothing.
BytesPerSecond part(BytesPerSecond rate, std::uint64_t billionths) {
  return BytesPerSecond{
      std::max<std::uint64_t>(1, multiply_divide_down(rate.count(), billionths, Fraction::kOne))};
}

}  // namespace

BytesPerSecond flash_array_read(const FlashSpec& flash) {
  const Picoseconds page = flash.read_time + transfer(flash);
  return std::min(all_channels(flash), all_dies(flash, Wide{page.count()} * Fraction::kOne));
}

// For each stripe written, WA are programmed, WA - 1 of them after they were read from a block that is
// emptied; and a block is erased for every pages_per_block that are programmed.
BytesPerSecond flash_array_write(const FlashSpec& flash) {
  const std::uint64_t programmed = flash.write_amplification.billionths;
  const std::uint64_t copied = programmed - Fraction::kOne;
  const Picoseconds bus = transfer(flash);
  const Wide die = Wide{programmed} * (bus + flash.program_time).count() +
                   Wide{copied} * (flash.read_time + bus).count() +
                   Wide{programmed} * flash.erase_time.count() / flash.pages_per_block;
  const BytesPerSecond channels{
      multiply_divide_down(all_channels(flash).count(), Fraction::kOne, programmed + copied)};
  return std::min(channels, all_dies(flash, die));
}

BytesPerSecond flash_read_rate(const FlashSpec& flash) {
  return std::min(flash.interface, flash_array_read(flash));
}

BytesPerSecond flash_write_rate(const FlashSpec& flash) {
  return std::min(flash.interface, flash_array_write(flash));
}

FlashShares flash_shares(const FlashSpec& flash) {
  const std::uint64_t writes = flash.write_share.billionths;
  const std::uint64_t stream = flash.stream_share.billionths;
  const BytesPerSecond read =
      std::min(flash.interface, part(flash_array_read(flash), Fraction::kOne - writes));
  return {.stream = part(read, stream),
          .update_reads = part(read, Fraction::kOne - stream),
          .update_writes = std::min(flash.interface, part(flash_array_write(flash), writes))};
}

double FlashWear::cycles_per_step() const {
  return raw == Bytes{} ? 0.0 : static_cast<double>(programmed.count()) / static_cast<double>(raw.count());
}

FlashWear flash_wear(const MemoryXSpec& store, Bytes written) {
  const FlashSpec& flash = store.flash;
  FlashWear wear{
      .written = written,
      .programmed =
          Bytes{multiply_divide_up(written.count(), flash.write_amplification.billionths, Fraction::kOne)},
      .raw = Bytes{multiply_divide_down((flash.capacity * store.shards).count(),
                                        Fraction::kOne + flash.over_provisioning.billionths, Fraction::kOne)},
      .endurance = flash.endurance,
      .steps = std::numeric_limits<std::uint64_t>::max()};
  if (written > Bytes{}) {
    const Wide steps = Wide{wear.raw.count()} * flash.endurance / wear.programmed.count();
    wear.steps = static_cast<std::uint64_t>(std::min(steps, Wide{wear.steps}));
  }
  return wear;
}

}  // namespace wafersim
