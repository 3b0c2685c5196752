// Files that are either written whole or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace wafersim {

// Throws InputError if a file of that name could not be written: no such folder, no permission, a folder.
// Call it before long work.
void require_writable(const std::filesystem::path& file);

// Writes a file beside its place and moves it there; a device or a pipe is written in place. Throws
// InputError, and then leaves what was there before.
void save(const std::filesystem::path& file, std::string_view text);

// Writes to standard output, all of it. Throws InputError if it cannot take it.
void print(std::string_view text);

}  // namespace wafersim
