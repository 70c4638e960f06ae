// SPDX-License-Identifier: Apache-2.0
// Compresses once, assembles often.
#include "exporter/gzip.h"

#include <zlib.h>

#include <limits>
#include <stdexcept>

namespace erpnext {
namespace {

// Higher levels cost four times as much for a tenth less.
constexpr int kLevel = 3;
constexpr int kRawDeflate = -15;
constexpr int kDefaultMemory = 8;

void AppendLittleEndian(std::uint32_t value, std::string& out) {
  for (int shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xFF));
  }
}

}  // namespace

GzipPart Compress(std::string_view text) {
  if (text.size() > std::numeric_limits<uInt>::max() / 2) throw std::length_error("part too large");
  GzipPart part;
  part.length = text.size();
  const auto* bytes = reinterpret_cast<const Bytef*>(text.data());
  part.crc = static_cast<std::uint32_t>(crc32(0, bytes, static_cast<uInt>(text.size())));

  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kRawDeflate, kDefaultMemory, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
  // deflateBound speaks of Z_FINISH; a full flush adds an empty stored block of five bytes.
  part.deflated.resize(deflateBound(&stream, static_cast<uLong>(text.size())) + 16);
  stream.next_in = const_cast<Bytef*>(bytes);
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(part.deflated.data());
  stream.avail_out = static_cast<uInt>(part.deflated.size());
  const int result = deflate(&stream, Z_FULL_FLUSH);
  const std::size_t written = part.deflated.size() - stream.avail_out;
  const bool complete = (result == Z_OK || result == Z_BUF_ERROR) && stream.avail_in == 0;
  deflateEnd(&stream);
  if (!complete) throw std::runtime_error("deflate failed");
  part.deflated.resize(written);
  part.deflated.shrink_to_fit();
  return part;
}

std::string AssembleGzip(std::span<const GzipPart* const> parts) {
  // Magic, method deflate, no flags, no time, no hint, operating system unknown.
  static constexpr char kHeader[] = {'\x1f', '\x8b', 8, 0, 0, 0, 0, 0, 0, '\xff'};
  static constexpr char kFinalBlock[] = {3, 0};  // empty block with the final bit

  std::size_t size = sizeof kHeader + sizeof kFinalBlock + 8;
  for (const GzipPart* part : parts) size += part->deflated.size();
  std::string out;
  out.reserve(size);
  out.append(kHeader, sizeof kHeader);
  uLong crc = 0;
  std::uint64_t length = 0;
  for (const GzipPart* part : parts) {
    out.append(part->deflated);
    crc = crc32_combine(crc, part->crc, static_cast<z_off_t>(part->length));
    length += part->length;
  }
  out.append(kFinalBlock, sizeof kFinalBlock);
  AppendLittleEndian(static_cast<std::uint32_t>(crc), out);
  AppendLittleEndian(static_cast<std::uint32_t>(length), out);  // modulo 2^32 by the standard
  return out;
}

}  // namespace erpnext
