#include "textflag.h"
#include "chunk_amd64.h"

// The layout of vbmiTables in vbmi.go.
#define SLOT 256        // slot: 8 places of 3 planes of 128 bytes
#define KEY 3328        // key: 5 places of 3 planes
#define WORD 5248       // word
#define HEAD 5376       // head: 5 places
#define ANY 6016        // wide.any: for each plane 64 bytes
#define START 6208      // wide.start

// PLANE looks a plane up for two blocks, whose codes are in Z16 and Z17.
#define PLANE(at, a, b) \
	VMOVDQU64 at(DI), Z18      \
	VMOVDQU64 (at+64)(DI), Z19 \
	VMOVDQA64 Z16, a           \
	VPERMI2B  Z19, Z18, a      \
	VMOVDQA64 Z17, b           \
	VPERMI2B  Z19, Z18, b

#define NARROW(at, a, b) \
	PLANE(at, Z14, Z15) \
	VPANDQ Z14, a, a    \
	VPANDQ Z15, b, b

#define LOAD(j) \
	VMOVDQU64 j(R10), Z16 \
	VMOVDQU64 (64+j)(R10), Z17

#define SLOTS(j) \
	NARROW(SLOT+384*j, Z0, Z7)     \
	NARROW(SLOT+384*j+128, Z1, Z8) \
	NARROW(SLOT+384*j+256, Z2, Z9)

#define KEYS(j) \
	NARROW(HEAD+128*j, Z6, Z13)    \
	NARROW(KEY+384*j, Z3, Z10)     \
	NARROW(KEY+384*j+128, Z4, Z11) \
	NARROW(KEY+384*j+256, Z5, Z12)

// COUNT sets a bit of dst for each position at which a group counts.
#define COUNT(at, a, b, c, dst) \
	VPANDQ     at(DI), a, Z14              \
	VPTERNLOGQ $0xf8, (at+64)(DI), b, Z14  \
	VPTERNLOGQ $0xf8, (at+128)(DI), c, Z14 \
	VPTESTMB   Z14, Z14, K1                \
	KMOVQ      K1, dst

// MASKS writes the masks of a block. ſ and K are the topmost group of keys, all others count
// anywhere; h are those of keys that count only where a word begins.
#define MASKS(at, a, b, c, d, e, f, h) \
	COUNT(ANY, a, b, c, AX)    \
	COUNT(START, a, b, c, BX)  \
	ANDQ       R12, BX         \
	ORQ        BX, AX          \
	MOVQ       AX, at(DX)      \
	VPMOVB2M   f, K1           \
	KMOVQ      K1, AX          \
	MOVQ       AX, (at+16)(DX) \
	VPADDB     f, f, f         \
	VPTERNLOGQ $0xfe, d, e, f  \
	VPTESTMB   f, f, K1        \
	KMOVQ      K1, AX          \
	VPTESTMB   h, h, K1        \
	KMOVQ      K1, BX          \
	ANDQ       R12, BX         \
	ORQ        BX, AX          \
	MOVQ       AX, (at+8)(DX)  \
	MOVQ       R12, (at+24)(DX)

// ENCODE makes codes of the bytes in Z0.
#define ENCODE \
	VMOVDQA64 Z0, Z1               \
	VPERMI2B  Z19, Z18, Z1         \
	VPMOVB2M  Z0, K1               \
	VPERMI2B  Z21, Z20, K1, Z0     \
	VMOVDQU8  Z0, K1, Z1           \
	VMOVDQU64 Z1, (R10)

// func vbmi(t *vbmiTables, v *byte, n int, carry, loose uint64, out *findings) uint64
TEXT ·vbmi(SB), NOSPLIT, $0-56
	ARGUMENTS

chunk:
	TAKE_CHUNK(few)

few:
	LEAVE_CHUNK

	// Codes of all bytes first: every place reads them again, one byte on.
	FIRST_CODE
	MOVQ      CX, BX
	VMOVDQU64 (DI), Z18
	VMOVDQU64 64(DI), Z19
	VMOVDQU64 128(DI), Z20
	VMOVDQU64 192(DI), Z21

encode:
	VMOVDQU64 (SI), Z0
	ENCODE
	ADDQ $64, SI
	ADDQ $64, R10
	DECQ BX
	JNZ  encode
	VMOVQ (SI), X0
	ENCODE
	FIRST_CODE

next:
	LOAD(0)
	PLANE(WORD, Z14, Z15)
	PLANE(SLOT, Z0, Z7)
	PLANE(SLOT+128, Z1, Z8)
	PLANE(SLOT+256, Z2, Z9)
	PLANE(HEAD, Z6, Z13)
	PLANE(KEY, Z3, Z10)
	PLANE(KEY+128, Z4, Z11)
	PLANE(KEY+256, Z5, Z12)
	VPTESTMB Z14, Z14, K2
	VPTESTMB Z15, Z15, K3
	LOAD(1)
	SLOTS(1)
	KEYS(1)
	LOAD(2)
	SLOTS(2)
	KEYS(2)
	LOAD(3)
	SLOTS(3)
	KEYS(3)
	LOAD(4)
	SLOTS(4)
	KEYS(4)
	LOAD(5)
	SLOTS(5)
	LOAD(6)
	SLOTS(6)
	LOAD(7)
	SLOTS(7)

	KMOVQ K2, AX
	STARTS
	MASKS(0, Z0, Z1, Z2, Z3, Z4, Z5, Z6)
	DECQ CX
	JZ   done
	KMOVQ K3, AX
	STARTS
	MASKS(32, Z7, Z8, Z9, Z10, Z11, Z12, Z13)
	ADDQ $64, DX
	ADDQ $128, R10
	DECQ CX
	JNZ  next
	CMPQ n+16(FP), $0
	JG   chunk

done:
	VZEROUPPER
	MOVQ R8, ret+48(FP)
	RET

// func vbmiPlaces(m *uint64, n int, counting *[64]uint8, out *uint16) int
TEXT ·vbmiPlaces(SB), NOSPLIT, $0-40
	MOVQ         m+0(FP), SI
	MOVQ         n+8(FP), CX
	MOVQ         counting+16(FP), DX
	MOVQ         out+24(FP), DI
	MOVQ         DI, R8
	VMOVDQU64    (DX), Z0
	VPXORQ       Z1, Z1, Z1
	MOVL         $64, AX
	VPBROADCASTW AX, Z2

mask:
	// The numbers of the bits, side by side; as many are kept as there are.
	KMOVQ         (SI), K1
	POPCNTQ       (SI), AX
	VPCOMPRESSB.Z Z0, K1, Z3
	VEXTRACTI64X4 $1, Z3, Y4
	VPMOVZXBW     Y3, Z3
	VPMOVZXBW     Y4, Z4
	VPADDW        Z1, Z3, Z3
	VPADDW        Z1, Z4, Z4
	VPADDW        Z2, Z1, Z1
	VMOVDQU64     Z3, (DI)
	VMOVDQU64     Z4, 64(DI)
	LEAQ          (DI)(AX*2), DI
	ADDQ          $32, SI
	DECQ          CX
	JNZ           mask

	VZEROUPPER
	SUBQ R8, DI
	SHRQ $1, DI
	MOVQ DI, ret+32(FP)
	RET
