#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sonde {

/// CRC-32C of what came before, whose checksum is `seed`, and `text`. \see Castagnoli (1993), IEEE
/// Trans. Communications 41(6)
std::uint32_t crc32c(std::string_view text, std::uint32_t seed = 0) noexcept;

/// SHA-256 as 64 hexadecimal digits. \see FIPS 180-4
std::string sha256(std::string_view text);

}  // namespace sonde
