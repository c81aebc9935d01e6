#include "state_dir.h"

#include "core/base/writer.h"

bool state_dir_path(const char *dir, const char *kind, const char *path, const char *suffix, char *out,
                    size_t cap)
{
    uint64_t h = text_hash(TEXT_HASH_START, text_z(path));
    struct writer w = writer_on(out, cap);
    writer_printf(&w, "%s/%s-%016llx.%s", dir, kind, (unsigned long long)h, suffix);
    return !w.cut;
}
