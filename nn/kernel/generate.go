package kernel

//go:generate go run ./internal/asm -part gemm -out gemm_amd64.s -stubs gemm_amd64.go -pkg kernel
//go:generate go run ./internal/asm -part vector -out vector_amd64.s -stubs vector_amd64.go -pkg kernel
//go:generate go run ./internal/asm -part stored -out stored_amd64.s -stubs stored_amd64.go -pkg kernel
