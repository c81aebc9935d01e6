#include "os.h"

#include "core/os/win32.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>

/* Text is written with LF, so that a file made here equals one made elsewhere; CRLF is read too. */
void os_begin(void)
{
    _setmode(0, _O_BINARY);
    _setmode(1, _O_BINARY);
    _setmode(2, _O_BINARY);
}

/* Only a console; the C library takes NUL for a terminal too. */
bool os_has_terminal(void)
{
    DWORD mode;
    return GetConsoleMode(GetStdHandle(STD_ERROR_HANDLE), &mode) != 0;
}

void os_wait(int64_t seconds)
{
    const int64_t most = 1000000;
    for (; seconds > 0; seconds -= most)
        Sleep((DWORD)(seconds < most ? seconds : most) * 1000);
}

int os_create_file(char *path, intptr_t *file)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    char *end = path + strlen(path);
    *file = -1;
    for (unsigned tries = 0; tries < 100; tries++) {
        unsigned char any[6];
        int error = os_random(any, sizeof any);
        if (error)
            return error;
        for (unsigned i = 0; i < sizeof any; i++)
            end[(int)i - 6] = digits[any[i] % 32];
        /* It may be removed while it is open, for when the command is interrupted. */
        HANDLE h = os_win32_create_file(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_DELETE,
                                        NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
        if (h != INVALID_HANDLE_VALUE) {
            *file = (intptr_t)h;
            return 0;
        }
        if (GetLastError() != ERROR_FILE_EXISTS)
            return os_win32_errno(GetLastError());
    }
    return EEXIST;
}

/* The offset where reading or writing begins. */
static OVERLAPPED position(uint64_t at)
{
    return (OVERLAPPED){.Offset = (DWORD)at, .OffsetHigh = (DWORD)(at >> 32)};
}

int os_write_at(intptr_t file, uint64_t at, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    while (n) {
        DWORD done = 0;
        OVERLAPPED where = position(at);
        if (!WriteFile((HANDLE)file, p, (DWORD)n, &done, &where))
            return os_win32_errno(GetLastError());
        if (done == 0)
            return EIO;
        p += done;
        n -= done;
        at += done;
    }
    return 0;
}

int os_read_at(intptr_t file, uint64_t at, void *bytes, size_t n)
{
    unsigned char *p = bytes;
    while (n) {
        DWORD got = 0;
        OVERLAPPED where = position(at);
        if (!ReadFile((HANDLE)file, p, (DWORD)n, &got, &where) && GetLastError() != ERROR_HANDLE_EOF)
            return os_win32_errno(GetLastError());
        if (got == 0)
            return EIO;
        p += got;
        n -= got;
        at += got;
    }
    return 0;
}

/* The access rights are inherited from its folder. */
int os_settle_file(intptr_t file, const char *path)
{
    (void)path;
    return FlushFileBuffers((HANDLE)file) ? 0 : os_win32_errno(GetLastError());
}

int os_close_file(intptr_t file)
{
    return CloseHandle((HANDLE)file) ? 0 : os_win32_errno(GetLastError());
}

/* Windows writes names to its journal by itself. */
void os_settle_name(const char *path)
{
    (void)path;
}

static char *volatile unfinished;

/* Called in a thread of its own; after it the command ends as it would without it. */
static BOOL WINAPI remove_unfinished(DWORD event)
{
    char *path = unfinished;
    (void)event;
    if (path)
        os_win32_delete(path);
    return FALSE;
}

void os_guard_file(char *path)
{
    unfinished = path;
    SetConsoleCtrlHandler(remove_unfinished, path != NULL);
}

int os_file_kind(const char *path, bool follow, enum os_kind *out)
{
    DWORD is = os_win32_attributes(path);
    if (is == INVALID_FILE_ATTRIBUTES)
        return os_win32_errno(GetLastError());
    *out = !(is & FILE_ATTRIBUTE_DIRECTORY)                 ? OS_FILE
           : follow || !(is & FILE_ATTRIBUTE_REPARSE_POINT) ? OS_FOLDER
                                                            : OS_OTHER;
    return 0;
}

int os_make_tempdir(char *path, size_t cap)
{
    char parent[MAX_PATH + 1], whole[OS_WIN32_PATH];
    DWORD n = GetTempPathA(sizeof parent, parent); /* ends in a backslash */
    if (n == 0 || n >= sizeof parent)
        return n ? ENAMETOOLONG : os_win32_errno(GetLastError());
    for (unsigned tries = 0; tries < 100; tries++) {
        uint32_t any;
        int error = os_random(&any, sizeof any);
        if (error)
            return error;
        snprintf(whole, sizeof whole, "%sgatepost-%08x", parent, (unsigned)any);
        if (CreateDirectoryA(whole, NULL))
            return os_absolute(whole, path, cap);
        if (GetLastError() != ERROR_ALREADY_EXISTS)
            return os_win32_errno(GetLastError());
    }
    return EEXIST;
}

void os_remove_folder(const char *path)
{
    RemoveDirectoryA(path);
}
