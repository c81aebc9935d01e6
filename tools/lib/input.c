#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

static int read_all(FILE *file, struct input *out)
{
    size_t cap = 0;
    size_t n = 0;
    char *p = NULL;
    for (;;) {
        if (n == cap) {
            size_t more = cap ? cap * 2 : 65536;
            char *grown = more > cap ? realloc(p, more) : NULL;
            if (!grown) {
                free(p);
                return ENOMEM;
            }
            p = grown;
            cap = more;
        }
        size_t got = fread(p + n, 1, cap - n, file);
        n += got;
        if (!got)
            break;
    }
    if (ferror(file)) {
        free(p);
        return EIO;
    }
    out->memory = p;
    out->bytes = text_of(p, n);
    return 0;
}

const char *input_unreadable(struct text beginning)
{
    static const struct {
        struct text mark;
        const char *why;
    } marks[] = {
        {{"\xFF\xFE", 2}, "is UTF-16; save it as UTF-8 or ANSI"},
        {{"\xFE\xFF", 2}, "is UTF-16; save it as UTF-8 or ANSI"},
        {{"\x28\xB5\x2F\xFD", 4}, "is packed with zstd; unpack it first (zstdcat FILE | ...)"},
        {{"\xFD"
          "7zXZ",
          5},
         "is packed with xz; unpack it first (xzcat FILE | ...)"},
        {{"BZh", 3}, "is packed with bzip2; unpack it first (bzcat FILE | ...)"},
        {{"PK\x03\x04", 4}, "is a zip archive; unpack it first"},
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (beginning.n >= marks[i].mark.n && memcmp(beginning.p, marks[i].mark.p, marks[i].mark.n) == 0)
            return marks[i].why;
    /* Without a byte order mark, every second byte of ASCII is NUL. */
    if (beginning.n >= 4 && ((!beginning.p[0] && beginning.p[1] && !beginning.p[2] && beginning.p[3]) ||
                             (beginning.p[0] && !beginning.p[1] && beginning.p[2] && !beginning.p[3])))
        return marks[0].why;
    return NULL;
}

/* Replaces the bytes by their unpacked contents. Several gzip files may follow each other. Returns 0 or an
 * errno value. */
static int unpack(struct input *in)
{
    z_stream z = {.zalloc = NULL};
    const struct text packed = in->bytes;
    size_t cap = 0, n = 0, done = 0;
    char *p = NULL;
    int error = inflateInit2(&z, 16 + MAX_WBITS) == Z_OK ? 0 : ENOMEM;
    for (int code = Z_OK; !error && (done < packed.n || code != Z_STREAM_END);) {
        if (n == cap) {
            size_t more = cap ? 2 * cap : 1 << 20;
            char *grown = more <= INPUT_UNPACKED_MAX ? realloc(p, more) : NULL;
            error = grown ? 0 : more <= INPUT_UNPACKED_MAX ? ENOMEM : EFBIG;
            if (error)
                break;
            p = grown;
            cap = more;
        }
        size_t in_size = packed.n - done < UINT32_MAX ? packed.n - done : UINT32_MAX;
        z.next_in = (unsigned char *)(uintptr_t)(packed.p + done);
        z.avail_in = (unsigned)in_size;
        z.next_out = (unsigned char *)p + n;
        z.avail_out = (unsigned)(cap - n);
        code = inflate(&z, Z_NO_FLUSH);
        done += in_size - z.avail_in;
        n = cap - z.avail_out;
        if (code == Z_STREAM_END && done < packed.n)
            code = inflateReset(&z);
        if (code != Z_OK && code != Z_STREAM_END)
            error = EPROTO;
    }
    inflateEnd(&z);
    if (error) {
        free(p);
        return error;
    }
    input_close(in);
    in->memory = p;
    in->bytes = text_of(p, n);
    return 0;
}

static int open_bytes(const char *path, struct input *out)
{
    if (strcmp(path, "-") == 0)
        return read_all(stdin, out);
    int error = os_map(path, false, &out->map);
    if (error == EINVAL) { /* a pipe cannot be mapped, but it can be read */
        FILE *file = fopen(path, "rb");
        if (!file)
            return errno;
        error = read_all(file, out);
        fclose(file);
        return error;
    }
    if (error == 0)
        out->bytes = out->map.size ? text_of((const char *)out->map.p, out->map.size) : TEXT("");
    return error;
}

int input_open(const char *path, struct input *out)
{
    *out = (struct input){.memory = NULL};
    int error = open_bytes(path, out);
    if (!error && out->bytes.n > 2 && memcmp(out->bytes.p, "\x1F\x8B\x08", 3) == 0)
        error = unpack(out);
    const char *why = error ? NULL : input_unreadable(out->bytes);
    if (error || why)
        input_close(out);
    out->unreadable = why;
    return why ? EILSEQ : error;
}

const char *input_reason(const struct input *in, int error, char *out, size_t cap)
{
    if (error == EILSEQ && in->unreadable)
        snprintf(out, cap, "%s", in->unreadable);
    else if (error == EPROTO)
        snprintf(out, cap, "is a damaged gzip file");
    else if (error == EFBIG)
        snprintf(out, cap, "is too large; unpacked, %d MB at most are taken", INPUT_UNPACKED_MAX >> 20);
    else
        os_reason(error, out, cap);
    return out;
}

void input_close(struct input *in)
{
    free(in->memory);
    if (in->map.p)
        os_unmap(&in->map);
    *in = (struct input){0};
}
