#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

/// Who may ask a server of a campaign: who can read its token, and no page of a browser.
namespace sonde::cli {

/// The campaign's token, which nobody but its owner may read; made where there is none.
/// \throws StoreError
std::string token_in(const std::filesystem::path& file);

/// The path that is asked for, where the request shows the token: as "Authorization: Bearer TOKEN",
/// or as the first part of its path, for clients that know a base address alone.
std::optional<std::string> path_for_holder(const http::Request& request, std::string_view token);

/// Why it is not answered at all: it comes from a page of a browser. Nothing: it does not.
std::optional<http::Response> refused_page(const http::Request& request);

/// An answer in words.
http::Response refused(int status, const std::string& words);

}  // namespace sonde::cli
