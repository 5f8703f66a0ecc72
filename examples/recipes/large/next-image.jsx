import Image from 'next/image';

export function Picture({ url }) {
  return <Image src={url} alt="The unit circle" width={256} height={256} unoptimized />;
}
