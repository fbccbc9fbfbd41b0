"""A host of libsmmu_sim in Python: memory in a bytearray, a stalled fault, and a retry after the page is mapped.

    python3 capi/examples/host.py target/debug/libsmmu_sim.so
"""

import ctypes as c
import sys

BASE, SIZE = 0x8000_0000, 0x1_0000
memory = bytearray(SIZE)

READ = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_uint64, c.c_void_p, c.c_size_t)
WRITE = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_uint64, c.c_void_p, c.c_size_t)
IRQ = c.CFUNCTYPE(None, c.c_void_p, c.c_uint, c.c_int)


class Host(c.Structure):
    _fields_ = [
        ("abi_version", c.c_uint32),
        ("pad", c.c_uint32),
        ("ctx", c.c_void_p),
        ("mem_read", READ),
        ("mem_write", WRITE),
        ("irq", IRQ),
    ]


@READ
def mem_read(_ctx, pa, buf, n):
    if not BASE <= pa <= BASE + SIZE - n:
        return -1
    c.memmove(buf, bytes(memory[pa - BASE : pa - BASE + n]), n)
    return 0


@WRITE
def mem_write(_ctx, pa, buf, n):
    if not BASE <= pa <= BASE + SIZE - n:
        return -1
    memory[pa - BASE : pa - BASE + n] = c.string_at(buf, n)
    return 0


levels = {}


@IRQ
def irq(_ctx, line, level):
    levels[line] = level


smmu = c.CDLL(sys.argv[1])
smmu.mmio_read.restype = c.c_uint64
smmu.mmio_read.argtypes = [c.c_uint64, c.c_uint]
smmu.mmio_write.argtypes = [c.c_uint64, c.c_uint64, c.c_uint]
smmu.smmu_translate.argtypes = [c.c_uint32, c.c_uint64, c.c_uint32, c.POINTER(c.c_uint64)]

host = Host(1, 0, None, mem_read, mem_write, irq)
assert smmu.smmu_init(c.byref(host), b"engine=model features=all") == 0


def put(pa, word):
    memory[pa - BASE : pa - BASE + 8] = word.to_bytes(8, "little")


def translate(sid, iova, flags=0):
    pa = c.c_uint64()
    return smmu.smmu_translate(sid, iova, flags, c.byref(pa)), pa.value


CB0 = 0x10000  # 16 pages in the global half
put(BASE, (BASE + 0x1000) | 3)
put(BASE + 0x1000, (BASE + 0x2000) | 3)
for offset, value, size in [
    (0xC00, 0, 4),  # S2CR0: bank 0
    (0x800, 0x8000_0042, 4),  # SMR0: stream 0x42
    (0x1000, 0x1F300, 4),  # CBAR0: stage 1
    (0x1800, 1, 4),  # CBA2R0: AArch64
    (CB0 + 0x10, 0x38015, 4),  # TCR2
    (CB0 + 0x30, 0x800019, 4),  # TCR
    (CB0 + 0x20, BASE, 8),  # TTBR0
    (CB0, 0xE1, 4),  # SCTLR: on, faults stall
    (0, 0x200406, 4),  # sCR0
]:
    smmu.mmio_write(offset, value, size)

status, _ = translate(0x42, 0x5678)
assert status == 3, "it stalls"
assert levels == {1: 1}
fsr = smmu.mmio_read(CB0 + 0x58, 4)
print(f"stalled: FSR {fsr:#x}, FAR {smmu.mmio_read(CB0 + 0x60, 8):#x}")
assert fsr == 0x4000_0402
put(BASE + 0x2000 + 5 * 8, 0x4_0000_0FC3)  # now the page is there
smmu.mmio_write(CB0 + 0x58, fsr, 4)
smmu.mmio_write(CB0 + 0x8, 0, 4)  # RESUME: retry
assert levels == {1: 0}, "nothing is stalled any more"
status, pa = translate(0x42, 0x5678)
assert (status, pa) == (0, 0x4_0000_0678)
print(f"after the retry 0x5678 goes to {pa:#x}")
smmu.smmu_fini()
