// The entry point that SystemC wants; tests run inside it.
#include <systemc>

#include <gtest/gtest.h>

int sc_main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
