// Numbers with units are read exactly, and refused with a reason otherwise.
#include "wafersim/base/parse.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/base/mask_pattern.hpp"
#include "wafersim/base/random.hpp"
#include "wafersim/base/suggest.hpp"
#include "wafersim/base/time.hpp"

namespace wafersim {
namespace {

using namespace literals;
using testing::HasSubstr;

TEST(ParseBytes, BinaryAndDecimalPrefixesDiffer) {
  EXPECT_EQ(parse_bytes("48 KiB").value, Bytes{49152});
  EXPECT_EQ(parse_bytes("48 kB").value, Bytes{48000});
  EXPECT_EQ(parse_bytes("2.4PB").value, Bytes{2'400'000'000'000'000});
}

TEST(ParseBytes, BitsMustMakeWholeBytes) {
  EXPECT_EQ(parse_bytes("32 b").value, Bytes{4});
  EXPECT_FALSE(parse_bytes("12 b").value);
  EXPECT_THAT(parse_bytes("12 b").problem, HasSubstr("not a whole number of bytes"));
}

TEST(ParseBytes, WrongMissingAndNegativeAreNamed) {
  EXPECT_THAT(parse_bytes("48 GHz").problem, HasSubstr("expected a size such as '48 KiB', got '48 GHz'"));
  EXPECT_THAT(parse_bytes("48").problem, HasSubstr("the unit is missing"));
  EXPECT_THAT(parse_bytes("-1 B").problem, HasSubstr("must not be negative"));
  EXPECT_THAT(parse_bytes("0.3 KiB").problem, HasSubstr("not a whole number of bytes"));  // 307.2 B
}

TEST(ParseMaskPattern, ReadsWhatItSpells) {
  for (const char* text : {"uniform", "block:16", "2:4"}) {
    const Parsed<MaskPattern> read = parse_mask_pattern(text);
    ASSERT_TRUE(read.value) << text;
    EXPECT_EQ(spell(*read.value), text);
  }
  EXPECT_THAT(parse_mask_pattern("diagonal").problem, HasSubstr("expected uniform, block:SIZE or N:M"));
  EXPECT_THAT(parse_mask_pattern("block:0").problem, HasSubstr("expected block:SIZE such as 'block:4'"));
  EXPECT_THAT(parse_mask_pattern("5:4").problem, HasSubstr("N of N:M must be at most M"));
}

TEST(ParseRate, NetworkRatesAreInBits) {
  EXPECT_EQ(parse_rate("100 Gb/s").value, BytesPerSecond{12'500'000'000});
  EXPECT_EQ(parse_rate("1.2 Tb/s").value, BytesPerSecond{150'000'000'000});
  EXPECT_THAT(parse_rate("100 Gb").problem, HasSubstr("expected a rate"));
}

TEST(ParseCount, AcceptsWhatPeopleWriteAndNothingElse) {
  EXPECT_EQ(parse_count("010").value, 10U);  // decimal, not octal
  EXPECT_EQ(parse_count("1e9").value, 1'000'000'000U);
  EXPECT_EQ(parse_count("2.5e3").value, 2500U);
  EXPECT_EQ(parse_count("1_000_000").value, 1'000'000U);
  EXPECT_EQ(parse_count("18446744073709551615").value, ~std::uint64_t{0});
  for (const char* bad : {"", " ", "x", "1.5", "0x10", "1e-1", "18446744073709551616", "1e99", "1_", "_1",
                          "1 2", "nan", "inf"}) {
    EXPECT_FALSE(parse_count(bad).value) << bad;
  }
  EXPECT_THAT(parse_count("1e30").problem, HasSubstr("too large"));
}

TEST(ParseFraction, IsExactInBillionths) {
  EXPECT_EQ(parse_fraction("0.9").value, (Fraction{900'000'000}));
  EXPECT_EQ(parse_fraction("90 %").value, (Fraction{900'000'000}));
  EXPECT_FALSE(parse_fraction("0.1234567891").value);
}

TEST(ParseGrid, NeedsBothSides) {
  EXPECT_EQ(parse_grid("854x996").value, (GridSize{854, 996}));
  for (const char* bad : {"854", "854x", "x996", "0x5", "5x0", "854x996x2", "-1x2"})
    EXPECT_FALSE(parse_grid(bad).value) << bad;
}

TEST(Spell, IsReadBackToTheSameValue) {
  Random random{1};
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t n = random.bits() >> random.below(64);
    EXPECT_EQ(parse_bytes(spell(Bytes{n})).value, Bytes{n});
    EXPECT_EQ(parse_rate(spell(BytesPerSecond{n})).value, BytesPerSecond{n});
    EXPECT_EQ(parse_frequency(spell(Hertz{n})).value, Hertz{n});
    EXPECT_EQ(parse_duration(spell(Picoseconds{n})).value, Picoseconds{n});
    EXPECT_EQ(parse_fraction(spell(Fraction{n % (Fraction::kOne + 1)})).value,
              Fraction{n % (Fraction::kOne + 1)});
  }
}

TEST(TransferTime, IsRoundedUpToAPicosecond) {
  // 256 KiB over 100 Gb/s: 262144 / 12.5e9 s = 20.97152 us exactly.
  EXPECT_EQ(transfer_time(256_KiB, BytesPerSecond{12'500'000'000}), Picoseconds{20'971'520});
  // 1 B over 3 B/s: 0.333… s.
  EXPECT_EQ(transfer_time(1_B, 3_Bps), Picoseconds{333'333'333'334});
  EXPECT_EQ(transfer_time(1_GiB, kUnlimited), 0_ps);
}

TEST(TimeOfCycles, DoesNotDriftWithACoarseTick) {
  // 1.1 GHz: eleven cycles are exactly 10,000 ps; one is 909.09…, rounded up.
  EXPECT_EQ(time_of(11_cyc, Hertz{1'100'000'000}), 10'000_ps);
  EXPECT_EQ(time_of(1_cyc, Hertz{1'100'000'000}), 910_ps);
  EXPECT_EQ(cycles_in(10'000_ps, Hertz{1'100'000'000}), 11_cyc);
  EXPECT_EQ(cycles_in(10'001_ps, Hertz{1'100'000'000}), 12_cyc);
}

TEST(Quantity, RefusesToWrapAround) {
  EXPECT_THROW((void)(Bytes::max() + 1_B), QuantityOverflow);
  EXPECT_THROW((void)(1_B - 2_B), QuantityOverflow);
  EXPECT_THROW((void)(Bytes::max() * 2), QuantityOverflow);
  EXPECT_THROW((void)transfer_time(Bytes::max(), 1_Bps), QuantityOverflow);
}

TEST(NearestWord, FindsTypingErrorsOnly) {
  const std::vector<std::string> known{"clock", "grid", "sram"};
  EXPECT_EQ(nearest_word("clokc", known), "clock");
  EXPECT_EQ(nearest_word("gird", known), "grid");
  EXPECT_EQ(nearest_word("bandwidth", known), std::nullopt);
}

TEST(ToDecimal, PrintsMoreThanSixtyFourBits) {
  EXPECT_EQ(to_decimal(0), "0");
  EXPECT_EQ(to_decimal(static_cast<Wide>(~std::uint64_t{0}) + 1), "18446744073709551616");
}

}  // namespace
}  // namespace wafersim
