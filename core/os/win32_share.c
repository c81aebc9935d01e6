/*
 * win32_share.c - os.h for 32-bit Windows: memory that processes share through a file, and the lock.
 */
#include "win32.h"

#include <errno.h>

/* The view keeps the file open. Both handles may be closed, so that the file can be renamed while it is
 * mapped. */
static int map_view(HANDLE file, size_t size, bool write, struct shared_map *out)
{
    HANDLE section =
        CreateFileMappingA(file, NULL, write ? PAGE_READWRITE : PAGE_READONLY, 0, (DWORD)size, NULL);
    if (!section)
        return os_win32_errno(GetLastError());
    out->p = MapViewOfFile(section, write ? FILE_MAP_READ | FILE_MAP_WRITE : FILE_MAP_READ, 0, 0, size);
    int error = out->p ? 0 : os_win32_errno(GetLastError());
    CloseHandle(section);
    return error;
}

int os_share(const char *path, bool write, struct shared_map *out)
{
    HANDLE file;
    *out = (struct shared_map){.p = NULL};
    int error = os_win32_open(path, write ? GENERIC_READ | GENERIC_WRITE : GENERIC_READ, true, &file, &out->id);
    if (!error) {
        if (out->id.size > SIZE_MAX / 2)
            error = EFBIG;
        else if (out->id.size > 0)
            error = map_view(file, (size_t)out->id.size, write, out);
        CloseHandle(file);
    }
    if (error)
        *out = (struct shared_map){.p = NULL};
    else
        out->size = (size_t)out->id.size;
    return error;
}

void os_unshare(struct shared_map *map)
{
    if (map->p)
        UnmapViewOfFile(map->p);
    *map = (struct shared_map){.p = NULL};
}

/* Zeros are written instead of only setting a length: file systems with sparse files (and Wine's) would
 * allocate later. */
static int fill_new_file(HANDLE file, uint64_t size, const void *head, size_t n)
{
    static const unsigned char zeros[1 << 16];
    int error = os_win32_write(file, head, n);
    for (uint64_t at = n; !error && at < size;) {
        size_t some = size - at < sizeof zeros ? (size_t)(size - at) : sizeof zeros;
        error = os_win32_write(file, zeros, some);
        at += some;
    }
    return error;
}

/* The access rights are inherited from its folder. */
int os_make(const char *path, uint64_t size, const void *head, size_t n)
{
    char beside[OS_WIN32_PATH];
    if (size > INT64_MAX)
        return EFBIG;
    HANDLE file;
    int error = os_win32_beside(path, beside, &file);
    if (error)
        return error;
    error = fill_new_file(file, size, head, n);
    if (!CloseHandle(file) && !error)
        error = os_win32_errno(GetLastError());
    if (!error && !os_win32_move(beside, path, 0))
        error = os_win32_errno(GetLastError());
    if (error)
        os_win32_delete(beside);
    return error;
}

static HANDLE open_lock(const char *path)
{
    return os_win32_create_file(path, GENERIC_READ | GENERIC_WRITE,
                                FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_ALWAYS,
                                FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
}

/* The lock is held for microseconds; a longer wait goes in steps of the system's timer, 1 to 16 ms. */
int os_lock(const char *path, unsigned wait_ms, struct os_lock *out)
{
    int64_t begun = 0;
    out->handle = -1;
    HANDLE file = open_lock(path);
    if (file == INVALID_HANDLE_VALUE)
        return os_win32_errno(GetLastError());
    for (unsigned tries = 0;; tries++) {
        OVERLAPPED at = {0};
        if (LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at))
            break;
        DWORD error = GetLastError();
        int64_t now = os_ticks_ms();
        if (tries == 0)
            begun = now;
        bool held = error == ERROR_LOCK_VIOLATION || error == ERROR_IO_PENDING;
        if (!held || now - begun > (int64_t)wait_ms) {
            CloseHandle(file);
            return held ? EAGAIN : os_win32_errno(error);
        }
        if (tries < 30)
            SwitchToThread();
        else
            Sleep(1);
    }
    out->handle = (intptr_t)file;
    return 0;
}

void os_unlock(struct os_lock *lock)
{
    /* Closing the file would unlock it too, but later. */
    HANDLE file = (HANDLE)lock->handle;
    UnlockFile(file, 0, 0, 1, 0);
    CloseHandle(file);
    lock->handle = -1;
}
