/*
 * win32_path.c - the functions of Windows that take a path, for the paths that users write.
 *
 * A path comes from a command line or from Mercury, in the code page of the system (ANSI), and goes on with a name from a rule file,
 * which may be UTF-8. So each component is read by itself: as UTF-8 if it is that, else as ANSI, which hardly ever looks like
 * UTF-8. Behind \\?\ Windows takes no slash and no "..", which includes produce: they are resolved here.
 */
#include "win32.h"

#include <string.h>

static bool is_separator(char c)
{
    return c == '\\' || c == '/';
}

/* The bytes before the next separator. The second byte of a character in an ANSI code page of two may look like one. */
static size_t component_size(const char *p)
{
    size_t n = 0;
    while (p[n] && !is_separator(p[n]))
        n += IsDBCSLeadByte((BYTE)p[n]) && p[n + 1] ? 2 : 1;
    return n;
}

/* Returns how many of OUT it takes; 0 if they are too few, or it is no text. */
static size_t decode(const char *p, size_t n, wchar_t *out, size_t cap)
{
    int size = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, p, (int)n, out, (int)cap);
    if (size == 0)
        size = MultiByteToWideChar(CP_ACP, 0, p, (int)n, out, (int)cap);
    return (size_t)size;
}

/* Takes the last component of OUT away again, but not what lies before FLOOR. */
static size_t step_up(const wchar_t *out, size_t n, size_t floor)
{
    if (n > floor && out[n - 1] == L'\\')
        n--;
    while (n > floor && out[n - 1] != L'\\')
        n--;
    return n;
}

bool os_win32_wide(const char *path, wchar_t out[OS_WIN32_PATH])
{
    static const char prefix[] = "\\\\?\\";
    const size_t most = OS_WIN32_PATH - 1;
    const bool verbatim = strncmp(path, prefix, sizeof prefix - 1) == 0;
    size_t n = 0, floor = 0;
    if (verbatim) {
        n = decode(path, sizeof prefix - 1, out, most);
        path += sizeof prefix - 1;
    }
    while (*path) {
        const size_t size = component_size(path);
        const bool up = verbatim && size == 2 && path[0] == '.' && path[1] == '.';
        const bool here = verbatim && size == 1 && path[0] == '.';
        if (up) {
            n = step_up(out, n, floor);
        } else if (size && !here) {
            const size_t wide = decode(path, size, out + n, most - n);
            if (wide == 0)
                return false;
            n += wide;
        }
        path += size;
        if (!*path)
            break;
        const char separator = *path++;
        if (verbatim && (up || here || (n && out[n - 1] == L'\\')))
            continue;
        if (n == most)
            return false;
        out[n++] = verbatim ? L'\\' : (wchar_t)separator;
        if (verbatim && !floor)
            floor = n;
    }
    out[n] = L'\0';
    return true;
}

HANDLE os_win32_create_file(const char *path, DWORD want, DWORD share, SECURITY_ATTRIBUTES *security, DWORD how,
                            DWORD flags, HANDLE like)
{
    wchar_t wide[OS_WIN32_PATH];
    if (os_win32_wide(path, wide))
        return CreateFileW(wide, want, share, security, how, flags, like);
    SetLastError(ERROR_FILENAME_EXCED_RANGE);
    return INVALID_HANDLE_VALUE;
}

DWORD os_win32_attributes(const char *path)
{
    wchar_t wide[OS_WIN32_PATH];
    if (os_win32_wide(path, wide))
        return GetFileAttributesW(wide);
    SetLastError(ERROR_FILENAME_EXCED_RANGE);
    return INVALID_FILE_ATTRIBUTES;
}

BOOL os_win32_delete(const char *path)
{
    wchar_t wide[OS_WIN32_PATH];
    if (os_win32_wide(path, wide))
        return DeleteFileW(wide);
    SetLastError(ERROR_FILENAME_EXCED_RANGE);
    return FALSE;
}

BOOL os_win32_move(const char *from, const char *to, DWORD flags)
{
    wchar_t wide_from[OS_WIN32_PATH], wide_to[OS_WIN32_PATH];
    if (os_win32_wide(from, wide_from) && os_win32_wide(to, wide_to))
        return MoveFileExW(wide_from, wide_to, flags);
    SetLastError(ERROR_FILENAME_EXCED_RANGE);
    return FALSE;
}
